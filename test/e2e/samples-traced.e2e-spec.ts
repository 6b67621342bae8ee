import type { INestApplication } from '@nestjs/common';
import { SnsSqsInstrumentation } from 'nestjs-sns-sqs/otel';
import { Registry } from 'prom-client';
import request from 'supertest';
import { describeWithPostgres } from '../support/postgres.js';
import { Samples } from '../support/samples.js';
import { idOf, linkedTo, parentOf, Spans, traceOf } from '../support/spans.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

type Http = Parameters<typeof request>[0];

/** The sample services in this process, as their `main.ts` make them; mails are kept. */
describeWithPostgres('the samples', () => {
  const here = world('per-file');
  const spans = new Spans();
  let instrumentation: SnsSqsInstrumentation;
  let users: INestApplication;
  let operations: string;
  let samples: Samples;

  beforeAll(async () => {
    spans.register();
    instrumentation = new SnsSqsInstrumentation({ relation: 'both' });
    samples = await Samples.start(here);
    const { serveOperations } = await import('../../apps/notifications/src/operations-server.js');
    const { app: notifications, strategy } = await samples.notifications();
    await notifications.listen();
    const served = await serveOperations(strategy, notifications.get(Registry), 0);
    here.onClose(() => served.close());
    const { port } = served.address() as { port: number };
    operations = `http://127.0.0.1:${port}`;

    users = await samples.users();
    await users.init();
    await users.startAllMicroservices();
  }, 90_000);

  afterAll(() => {
    samples.end();
    instrumentation.disable();
    spans.unregister();
  });

  it('are one trace from a request over the event, its command and its mail and back', async () => {
    const http = users.getHttpServer() as Http;
    await request(http).post('/users').send({ email: 'ada@example.com', name: 'Ada' }).expect(201);
    await waitFor('the mail', () => samples.mails.length === 1);
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
