import { Controller, Get, Inject, Module } from '@nestjs/common';
import { EventPattern, type MicroserviceOptions } from '@nestjs/microservices';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { ServerSQS, SnsSqsHealthIndicator, SnsSqsModule, SQS_TRANSPORT } from 'nestjs-sns-sqs';
import { SnsSqsMetrics } from 'nestjs-sns-sqs/prometheus';
import { Registry } from 'prom-client';
import request from 'supertest';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

@Controller()
class Orders {
  @EventPattern<string>('order', SQS_TRANSPORT, { queue: 'orders' })
  order(): void {}
}

@Controller('health')
class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(SnsSqsHealthIndicator) private readonly sqs: SnsSqsHealthIndicator,
  ) {}

  @Get('live')
  @HealthCheck()
  live() {
    return this.health.check([() => this.sqs.isAlive('sqs')]);
  }

  @Get('ready')
  @HealthCheck()
  ready() {
    return this.health.check([() => this.sqs.isReady('sqs', { maxDeadLetters: 0 })]);
  }
}

describe('the health of an app, by Terminus,', () => {
  const here = world();

  async function start() {
    @Module({
      imports: [TerminusModule.forRoot({ logger: false }), SnsSqsModule.forRoot(here.serverOptions())],
      controllers: [HealthController, Orders],
    })
    class App {}
    const module = await Test.createTestingModule({ imports: [App] })
      .setLogger(here.logs)
      .compile();
    const app = module.createNestApplication();
    const server = app.get(ServerSQS);
    app.connectMicroservice<MicroserviceOptions>({ strategy: server });
    here.onClose(() => app.close());
    await app.init();
    const http = app.getHttpServer() as Parameters<typeof request>[0];
    const ask = async (probe: string) => {
      const { status, body } = await request(http).get(`/health/${probe}`);
      return { status, sqs: (body as { details: { sqs: unknown } }).details.sqs };
    };
    return { app, server, ask };
  }

  it('is ready while its queues are handled, and alive before and after', async () => {
    const { app, server, ask } = await start();
    expect(await ask('live')).toEqual({ status: 200, sqs: { status: 'up' } });
    expect(await ask('ready')).toMatchObject({ status: 503, sqs: { status: 'down', reason: 'The server is idle' } });
    await app.startAllMicroservices();
    expect(await ask('ready')).toEqual({ status: 200, sqs: { status: 'up', inbox: 'up' } });
    server.stopIntake();
    expect(await ask('ready')).toMatchObject({ status: 503, sqs: { status: 'down' } });
    expect(await ask('live')).toMatchObject({ status: 200 });
  });

  it('is not ready with more dead letters than it may have, and shows how deep its queues are', async () => {
    const { app, ask, server } = await start();
    await app.startAllMicroservices();
    await here.queue('orders-dlq').send('a letter');
    expect(await ask('ready')).toMatchObject({
      status: 503,
      sqs: { status: 'down', deadLetters: { [`${here.prefix}orders`]: 1 } },
    });
    expect(await server.deadLetters()).toEqual({ [`${here.prefix}orders`]: 1 });

    const registry = new Registry();
    const metrics = new SnsSqsMetrics({ registry, depthEverySeconds: 10 });
    here.onClose(() => metrics.stop());
    await metrics.readDepths();
    const text = await registry.metrics();
    expect(text).toContain(`sns_sqs_dead_letters_depth{destination="${here.prefix}orders"} 1`);
    expect(text).toContain(`sns_sqs_queue_up{destination="${here.prefix}orders"} 1`);
    expect(text).toContain(`sns_sqs_queue_depth{destination="${here.prefix}orders",outcome="visible"} 0`);
  });

  it('counts what a handler was given, and how it ended', async () => {
    const registry = new Registry();
    const metrics = new SnsSqsMetrics({ registry });
    here.onClose(() => metrics.stop());
    const { app } = await start();
    await app.startAllMicroservices();
    await here.commands({ queue: 'orders' }).emit('order', 1);
    const labels = `destination="${here.prefix}orders",pattern="order",outcome="delete"`;
    await waitFor('the count', async () =>
      (await registry.metrics()).includes(`sns_sqs_process_outcomes_total{${labels},reason="handled"} 1\n`),
    );
    const text = await registry.metrics();
    expect(text).toContain(`messaging_process_duration_seconds_count{${labels}} 1\n`);
    expect(text).toContain(`messaging_client_consumed_messages_total{destination="${here.prefix}orders"} 1\n`);
    expect(text).toContain(`messaging_client_sent_messages_total{destination="${here.prefix}orders",outcome="ok"} 1\n`);
  });
});
