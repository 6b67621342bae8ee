import { randomUUID } from 'node:crypto';
import { Module, ValidationPipe, type INestApplication } from '@nestjs/common';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { ServerSQS } from 'nestjs-sns-sqs';
import { SnsSqsInstrumentation } from 'nestjs-sns-sqs/otel';
import { PostgresOutbox } from 'nestjs-sns-sqs/postgres';
import { Registry } from 'prom-client';
import request from 'supertest';
import type { UserPublisher } from '../../apps/users/src/users/user-publisher.js';
import { MemoryOutbox } from '../../libs/nestjs-sns-sqs/test/memory-outbox.js';
import { idOf, linkedTo, parentOf, Spans, traceOf } from '../support/spans.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

type Http = Parameters<typeof request>[0];

@Module({ providers: [{ provide: PostgresOutbox, useClass: MemoryOutbox }], exports: [PostgresOutbox] })
class NoDatabase {}

const tx = { execute: () => Promise.resolve({ rows: [] }), rollback: () => undefined as never };

const usersWithoutDatabase = (publisher: UserPublisher) => ({
  register: (user: { email: string; name: string }) =>
    publisher.registered(tx, { id: randomUUID(), version: 1, ...user }),
  createDefaultPreferences: () => undefined,
  markWelcomed: () => undefined,
});

/** The sample services in this process, as their `main.ts` make them; mails are kept. */
describe('the samples', () => {
  const here = world('per-file');
  const spans = new Spans();
  const mails: string[] = [];
  let instrumentation: SnsSqsInstrumentation;
  let users: INestApplication;
  let operations: string;
  let before: NodeJS.ProcessEnv;

  beforeAll(async () => {
    spans.register();
    instrumentation = new SnsSqsInstrumentation({ relation: 'both' });
    before = { ...process.env };
    const { region, endpoint, credentials } = here.aws;
    Object.assign(process.env, {
      AWS_REGION: region,
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      QUEUE_PREFIX: here.prefix,
    });
    // They read the environment when they are loaded.
    const { NotificationsModule } = await import('../../apps/notifications/src/notifications.module.js');
    const { Mailer } = await import('../../apps/notifications/src/mail/mailer.js');
    const { serveOperations } = await import('../../apps/notifications/src/operations-server.js');
    const { DatabaseModule } = await import('../../apps/users/src/database/database.module.js');
    const { UserPublisher } = await import('../../apps/users/src/users/user-publisher.js');
    const { UsersService } = await import('../../apps/users/src/users/users.service.js');
    const { UsersModule } = await import('../../apps/users/src/users.module.js');
    const { TraceRequestsInterceptor } = await import('../../apps/shared/trace-requests.interceptor.js');

    const strategy = new ServerSQS({ service: 'notifications', prefix: here.prefix });
    const mailer = { send: (to: string) => Promise.resolve(void mails.push(to)) };
    const receiving = await Test.createTestingModule({ imports: [NotificationsModule] })
      .overrideProvider(Mailer)
      .useValue(mailer)
      .setLogger(here.logs)
      .compile();
    const notifications = receiving.createNestMicroservice<MicroserviceOptions>({ strategy });
    here.onClose(() => notifications.close());
    await notifications.listen();
    const served = await serveOperations(strategy, notifications.get(Registry), 0);
    here.onClose(() => served.close());
    const { port } = served.address() as { port: number };
    operations = `http://127.0.0.1:${port}`;

    // Its database takes longer than all the rest, and says nothing about traces.
    const asking = await Test.createTestingModule({ imports: [UsersModule] })
      .overrideModule(DatabaseModule)
      .useModule(NoDatabase)
      .overrideProvider(UsersService)
      .useFactory({ factory: usersWithoutDatabase, inject: [UserPublisher] })
      .setLogger(here.logs)
      .compile();
    users = asking.createNestApplication();
    users.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true }));
    users.useGlobalInterceptors(new TraceRequestsInterceptor());
    users.connectMicroservice<MicroserviceOptions>({ strategy: users.get(ServerSQS) }, { inheritAppConfig: true });
    here.onClose(() => users.close());
    await users.init();
    await users.startAllMicroservices();
  }, 90_000);

  afterAll(() => {
    process.env = before;
    instrumentation.disable();
    spans.unregister();
  });

  it('are one trace from a request over the event, its command and its mail and back', async () => {
    const http = users.getHttpServer() as Http;
    await request(http).post('/users').send({ email: 'ada@example.com', name: 'Ada' }).expect(201);
    await waitFor('the mail', () => mails.length === 1);
    const one = async (name: string) => (await spans.until(`${name.replace(' ', ` ${here.prefix}`)}`))[0];
    const [asked] = await spans.until('POST /users');
    const registered = await one('create users-domain-events');
    const emailed = await one('process send-email-on-user-registered');
    const preferred = await one('process create-default-preferences-on-user-registered');
    const ordered = await one('create notifications-async-commands.fifo');
    const mailed = await one('process notifications-async-commands.fifo');
    const told = await one('create notifications-domain-events');
    const welcomed = await one('process mark-user-welcomed-on-welcome-email-sent');
    const all = [asked, registered, emailed, preferred, ordered, mailed, told, welcomed];
    expect(new Set(all.map(traceOf)).size).toBe(1);
    expect([registered, emailed, ordered, mailed, told, welcomed].map(parentOf)).toEqual(
      [asked, registered, emailed, ordered, mailed, told].map(idOf),
    );
    expect(parentOf(preferred)).toBe(idOf(registered));
    expect([emailed, preferred].map(linkedTo)).toEqual(Array.from({ length: 2 }, () => [idOf(registered)]));
  });

  it('answer for their metrics and their health, each on a port of its own', async () => {
    for (const from of [users.getHttpServer() as Http, operations]) {
      await request(from).get('/health/live').expect(200);
      await request(from).get('/health/ready').expect(200);
      const { text } = await request(from).get('/metrics').expect(200);
      expect(text).toContain(`sns_sqs_queue_up{destination="${here.prefix}send-email-on-user-registered"} 1`);
    }
    await request(operations).get('/else').expect(404);
  });
});
