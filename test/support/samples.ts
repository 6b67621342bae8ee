import { randomUUID } from 'node:crypto';
import { Module, ValidationPipe, type INestApplication, type INestMicroservice } from '@nestjs/common';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { ServerSQS, type Provisioning } from 'nestjs-sns-sqs';
import { PostgresOutbox } from 'nestjs-sns-sqs/postgres';
import type { UserPublisher } from '../../apps/users/src/users/user-publisher.js';
import { MemoryOutbox } from '../../libs/nestjs-sns-sqs/test/memory-outbox.js';
import type { World } from './world.js';

@Module({ providers: [{ provide: PostgresOutbox, useClass: MemoryOutbox }], exports: [PostgresOutbox] })
class NoDatabase {}

const tx = { execute: () => Promise.resolve({ rows: [] }), rollback: () => undefined as never };

/** The sample services in this process, as their `main.ts` make them, without a database; mails are kept. */
export class Samples {
  readonly mails: string[] = [];
  /** Ids of the users that are marked as welcomed. */
  readonly welcomed: string[] = [];
  private readonly before = { ...process.env };

  /** The samples read the environment when they are loaded, so nothing of them is imported before. */
  constructor(
    private readonly here: World,
    private readonly provisioning: Provisioning = 'create',
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
    });
  }

  /** Gives the environment back. */
  end(): void {
    process.env = this.before;
  }

  async notifications(): Promise<{ app: INestMicroservice; strategy: ServerSQS }> {
    const { NotificationsModule } = await import('../../apps/notifications/src/notifications.module.js');
    const { Mailer } = await import('../../apps/notifications/src/mail/mailer.js');
    const { prefix, logs } = this.here;
    const strategy = new ServerSQS({ service: 'notifications', prefix, provisioning: this.provisioning });
    const mailer = { send: (to: string) => Promise.resolve(void this.mails.push(to)) };
    const module = await Test.createTestingModule({ imports: [NotificationsModule] })
      .overrideProvider(Mailer)
      .useValue(mailer)
      .setLogger(logs)
      .compile();
    const app = module.createNestMicroservice<MicroserviceOptions>({ strategy });
    this.here.onClose(() => app.close());
    return { app, strategy };
  }

  /** Its database takes longer than all the rest, and says nothing about messages. */
  async users(): Promise<INestApplication> {
    const { DatabaseModule } = await import('../../apps/users/src/database/database.module.js');
    const { UserPublisher } = await import('../../apps/users/src/users/user-publisher.js');
    const { UsersService } = await import('../../apps/users/src/users/users.service.js');
    const { UsersModule } = await import('../../apps/users/src/users.module.js');
    const { TraceRequestsInterceptor } = await import('../../apps/shared/trace-requests.interceptor.js');
    const module = await Test.createTestingModule({ imports: [UsersModule] })
      .overrideModule(DatabaseModule)
      .useModule(NoDatabase)
      .overrideProvider(UsersService)
      .useFactory({ factory: (publisher: UserPublisher) => this.withoutDatabase(publisher), inject: [UserPublisher] })
      .setLogger(this.here.logs)
      .compile();
    const app = module.createNestApplication();
    app.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true }));
    app.useGlobalInterceptors(new TraceRequestsInterceptor());
    app.connectMicroservice<MicroserviceOptions>({ strategy: app.get(ServerSQS) }, { inheritAppConfig: true });
    this.here.onClose(() => app.close());
    return app;
  }

  private withoutDatabase(publisher: UserPublisher) {
    return {
      register: (user: { email: string; name: string }) =>
        publisher.registered(tx, { id: randomUUID(), version: 1, ...user }),
      createDefaultPreferences: () => undefined,
      markWelcomed: (id: string) => void this.welcomed.push(id),
    };
  }
}
