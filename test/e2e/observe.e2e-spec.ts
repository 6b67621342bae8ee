import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { Controller, Inject, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientProxy, ClientsModule, EventPattern, type MicroserviceOptions } from '@nestjs/microservices';
import { createObserveModule } from '@nestjs/observe';
import { ClientSQS, ServerSQS, SQS_TRANSPORT } from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

/** One operation, as the agent of `@nestjs/observe` sends it. */
interface Snapshot {
  /** Trace id. */
  ti?: string;
  /** Operation. */
  op?: string;
}

/** A stub of its collector. */
async function startCollector() {
  const snapshots: Snapshot[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const batch = JSON.parse(gunzipSync(Buffer.concat(chunks)).toString()) as Record<string, unknown>;
      for (const list of Object.values(batch)) if (Array.isArray(list)) snapshots.push(...(list as Snapshot[]));
      response.writeHead(201).end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { snapshots, server, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Nest 12.0.4 and newer. */
const hasDispatchHook = 'setOnDispatchHook' in ClientProxy.prototype;

(hasDispatchHook ? describe : describe.skip)('@nestjs/observe', () => {
  const here = world();

  async function start(service: string, controller: Type, endpoint: string): Promise<void> {
    const { ObserveModule, ObserveInstrument } = createObserveModule();
    const options = { service: 'second', queue: 'second', prefix: here.prefix, ...here.access };
    @Module({
      imports: [
        ObserveModule.forRoot({ appKey: 'key', appSecret: 'secret', serviceId: service, endpoint, flushInterval: 200 }),
        ClientsModule.register([{ name: 'SECOND', customClass: ClientSQS, options }]),
      ],
      controllers: [controller],
    })
    class App {}
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(App, {
      strategy: new ServerSQS(here.serverOptions({ service })),
      instrument: ObserveInstrument,
      logger: here.logs,
      abortOnError: false,
    });
    here.onClose(() => app.close());
    await app.listen();
  }

  it('shows one trace across two services', async () => {
    const { snapshots, server, endpoint } = await startCollector();
    here.onClose(() => server.close());

    @Controller()
    class First {
      constructor(@Inject('SECOND') private readonly second: ClientProxy) {}

      @EventPattern<string>('begin', SQS_TRANSPORT, { queue: 'first' })
      async begin(): Promise<void> {
        await lastValueFrom(this.second.emit('go-on', {}));
      }
    }
    @Controller()
    class Second {
      @EventPattern<string>('go-on', SQS_TRANSPORT, { queue: 'second' })
      goOn(): void {}
    }
    await start('first', First, endpoint);
    await start('second', Second, endpoint);
    await here.commands({ queue: 'first' }).emit('begin', {});
    const traced = await waitFor('both operations', () => {
      const those = snapshots.filter(({ ti }) => ti !== undefined);
      return those.length >= 2 ? those : undefined;
    });
    expect(traced).toHaveLength(2);
    expect(new Set(traced.map(({ ti }) => ti)).size).toBe(1);
  });
});
