import { ValidationPipe, type INestApplication, type INestMicroservice } from '@nestjs/common';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { ServerSQS, type Provisioning } from 'nestjs-sns-sqs';
import { PostgresInboxStore } from 'nestjs-sns-sqs/postgres';
import { TestDatabase } from './postgres.js';
import type { World } from './world.js';

/** The sample services in this process, as their `main.ts` make them, on one PostgreSQL; mails are kept. */
export class Samples {
  readonly mails: string[] = [];
  private readonly before = { ...process.env };

  /** The samples read the environment when they are loaded, so nothing of them is imported before. */
  private constructor(
    private readonly here: World,
    private readonly provisioning: Provisioning,
    databaseUrl: string,
  ) {
    const { region, endpoint, credentials } = here.aws;
    Object.assign(process.env, {
      AWS_REGION: region,
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      // Of embedded broker and LocalStack. Without it a client that may create nothing does not know its topic.
      AWS_ACCOUNT_ID: '000000000000',
      QUEUE_PREFIX: here.prefix,
      PROVISIONING: provisioning,
      DATABASE_URL: databaseUrl,
    });
  }

  static async start(here: World, provisioning: Provisioning = 'create'): Promise<Samples> {
    const database = await TestDatabase.create();
    here.onClose(() => database.drop());
    return new Samples(here, provisioning, database.url);
  }

  /** Gives the environment back. */
  end(): void {
    process.env = this.before;
  }

  async notifications(): Promise<{ app: INestMicroservice; strategy: ServerSQS }> {
    const { NotificationsModule } = await import('../../apps/notifications/src/notifications.module.js');
    const { Mailer } = await import('../../apps/notifications/src/mail/mailer.js');
    const { prefix, logs } = this.here;
    const mailer = { send: (to: string) => Promise.resolve(void this.mails.push(to)) };
    const module = await Test.createTestingModule({ imports: [NotificationsModule] })
      .overrideProvider(Mailer)
      .useValue(mailer)
      .setLogger(logs)
      .compile();
    const inbox = { store: module.get(PostgresInboxStore, { strict: false }) };
    const strategy = new ServerSQS({ service: 'notifications', prefix, provisioning: this.provisioning, inbox });
    const app = module.createNestMicroservice<MicroserviceOptions>({ strategy });
    this.here.onClose(() => app.close());
    return { app, strategy };
  }

  async users(): Promise<INestApplication> {
    const { UsersModule } = await import('../../apps/users/src/users.module.js');
    const { TraceRequestsInterceptor } = await import('../../apps/shared/trace-requests.interceptor.js');
    const module = await Test.createTestingModule({ imports: [UsersModule] })
      .setLogger(this.here.logs)
      .compile();
    const app = module.createNestApplication();
    app.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true }));
    app.useGlobalInterceptors(new TraceRequestsInterceptor());
    app.connectMicroservice<MicroserviceOptions>({ strategy: app.get(ServerSQS) }, { inheritAppConfig: true });
    this.here.onClose(() => app.close());
    return app;
  }
}
