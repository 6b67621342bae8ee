import { Controller, Get, Injectable, Module, ParseIntPipe, type INestApplication, type Type } from '@nestjs/common';
import {
  Client,
  type ClientOptions,
  ClientProxy,
  ClientProxyFactory,
  ClientsModule,
  EventPattern,
  MessagePattern,
  NestMicroservice,
  Payload,
  RpcException,
  Transport,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { ClientSNS, ClientSQS, OnCommand, OnDomainEvent, SQS_TRANSPORT, ServerSQS } from 'nestjs-sns-sqs';
import { lastValueFrom, type Observable } from 'rxjs';
import { freePort } from '../support/free-port.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

/** Since Nest 12. */
interface WithPreRequestHooks {
  registerPreRequestHook?: (hook: (context: unknown, next: () => Observable<unknown>) => Observable<unknown>) => void;
}

describe('apps', () => {
  const here = world();
  const ask = (client: ClientProxy, pattern: unknown, data: unknown = {}): Promise<unknown> =>
    lastValueFrom(client.send<unknown, unknown>(pattern, data));

  async function appOf(controllers: Type[]): Promise<INestApplication> {
    const module = await Test.createTestingModule({ controllers }).setLogger(here.logs).compile();
    const app = module.createNestApplication();
    here.onClose(() => app.close());
    return app;
  }

  it.each([
    ['with', true, 'number'],
    ['without', false, 'string'],
  ])('that are hybrid, %s inheritAppConfig', async (_, inheritAppConfig, type) => {
    @Controller()
    class Sums {
      @Get('ping')
      ping(): string {
        return 'pong';
      }

      @MessagePattern('type')
      type(@Payload('n') n: unknown): string {
        return typeof n;
      }
    }
    const app = await appOf([Sums]);
    app.useGlobalPipes({
      transform: (value: unknown, { data }) => (data === 'n' ? Number(value) : value),
    });
    const strategy = new ServerSQS(here.serverOptions());
    const microservice = app.connectMicroservice({ strategy }, { inheritAppConfig });
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    expect(await (await fetch(`${await app.getUrl()}/ping`)).text()).toBe('pong');
    expect(await ask(here.commands().client, 'type', { n: '1' })).toBe(type);
    expect(microservice.unwrap<{ sqs: unknown }>().sqs).toBe(strategy.unwrap().sqs);
    const statuses: string[] = [];
    microservice.status.subscribe(status => statuses.push(String(status)));
    expect(statuses).toEqual(['polling']);
    await app.close();
    expect(statuses).toEqual(['polling', 'draining', 'closed']);
  });

  it('with several ServerSQS in one process, each of its own service', async () => {
    @Controller()
    class Names {
      @MessagePattern('name')
      name(@Payload() data: unknown): unknown {
        return data;
      }
    }
    const app = await appOf([Names]);
    for (const service of ['users', 'orders']) {
      app.connectMicroservice({ strategy: new ServerSQS(here.serverOptions({ service })) });
    }
    await app.startAllMicroservices();
    await app.init();
    expect(await ask(here.commands({ service: 'users' }).client, 'name', 'u')).toBe('u');
    expect(await ask(here.commands({ service: 'orders' }).client, 'name', 'o')).toBe('o');
  });

  it('together with TCP: a handler belongs to both, or to the one that its transport id names', async () => {
    const events: string[] = [];
    @Controller()
    class Work {
      @MessagePattern('both')
      both(@Payload('n', ParseIntPipe) n: number): number {
        return n;
      }

      @MessagePattern('fail')
      fail(@Payload() how: string): never {
        throw how === 'rpc' ? new RpcException('no') : new Error('secret');
      }

      @MessagePattern('mine', SQS_TRANSPORT)
      sqs(): string {
        return 'sqs';
      }

      @MessagePattern('mine', Transport.TCP)
      tcp(): string {
        return 'tcp';
      }

      @EventPattern<string>('event')
      event(@Payload() from: string): string {
        events.push(from);
        return 'seen';
      }

      @MessagePattern('asked')
      asked(): string {
        events.push('asked');
        return 'answer';
      }
    }
    const port = await freePort();
    const app = await appOf([Work]);
    app.connectMicroservice({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
    app.connectMicroservice({ strategy: new ServerSQS(here.serverOptions()) });
    await app.startAllMicroservices();
    await app.init();
    const tcp = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
    here.onClose(() => tcp.close());
    const sqs = here.commands({ groupId: () => 'one' }).client;
    expect([await ask(tcp, 'both', { n: '1' }), await ask(sqs, 'both', { n: '2' })]).toEqual([1, 2]);
    expect([await ask(tcp, 'mine'), await ask(sqs, 'mine')]).toEqual(['tcp', 'sqs']);

    // What the caller of a failed request gets is the same, word for word.
    for (const [pattern, data] of [
      ['fail', 'rpc'],
      ['fail', 'other'],
      ['nobody', {}],
      ['both', { n: 'x' }],
    ] as const) {
      // prettier-ignore
      const errorOf = (client: ClientProxy): Promise<unknown> => ask(client, pattern, data).catch((e: unknown) => e);
      expect(await errorOf(sqs)).toEqual(await errorOf(tcp));
    }
    // emit() to the handler of a request runs it, send() to the handler of an event gives what it returns.
    for (const client of [tcp, sqs]) {
      await lastValueFrom(client.emit('asked', {}), { defaultValue: undefined });
      await waitFor('the handler of a request', () => events.splice(0).includes('asked'));
      expect(await ask(client, 'event', 'sent')).toBe('seen');
      expect(events.splice(0)).toEqual(['sent']);
    }

    await lastValueFrom(tcp.emit('event', 'tcp'), { defaultValue: undefined });
    await lastValueFrom(sqs.emit('event', 'sqs'), { defaultValue: undefined });
    await waitFor('both events', () => events.length === 2);
    expect(events.toSorted()).toEqual(['sqs', 'tcp']);
  });

  it('call the hooks that instrumentation sets, around each message', async () => {
    const trace: string[] = [];
    @Controller()
    class Work {
      @MessagePattern('work')
      work(): string {
        trace.push('work');
        return 'done';
      }
    }
    await here.start([Work], {
      configure: app => {
        const { registerPreRequestHook } = app as WithPreRequestHooks;
        if (!registerPreRequestHook) return void trace.push('no hooks in Nest 11');
        registerPreRequestHook.call(app, (_, next) => {
          trace.push('pre-request');
          return next();
        });
      },
    });
    expect(await ask(here.commands().client, 'work')).toBe('done');
    const isNest12 = 'registerPreRequestHook' in NestMicroservice.prototype;
    expect(trace).toEqual([isNest12 ? 'pre-request' : 'no hooks in Nest 11', 'work']);
  });
});

describe('clients', () => {
  const here = world();
  const options = () => ({ service: 'notifications', prefix: here.prefix, ...here.access, groupId: () => 'one' });

  async function serve(): Promise<string[]> {
    const seen: string[] = [];
    @Controller()
    class Work {
      @MessagePattern('echo')
      echo(@Payload() data: unknown): unknown {
        return data;
      }

      @OnCommand('order')
      order(): void {
        seen.push('order');
      }

      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      registered(): void {
        seen.push('event');
      }
    }
    await here.start([Work]);
    return seen;
  }

  async function use(client: ClientProxy, seen: string[]): Promise<void> {
    expect(await lastValueFrom(client.send<unknown, unknown>('echo', { n: 1 }))).toEqual({ n: 1 });
    await lastValueFrom(client.emit('order', {}), { defaultValue: undefined });
    await waitFor('the command', () => seen.includes('order'));
  }

  it('come from ClientProxyFactory', async () => {
    const seen = await serve();
    const client = ClientProxyFactory.create({ customClass: ClientSQS, options: options() });
    here.onClose(() => client.close());
    await use(client, seen);
  });

  it('come by @Client()', async () => {
    const seen = await serve();
    const given = { service: 'notifications', groupId: () => 'one' };
    Object.defineProperties(given, {
      prefix: { enumerable: true, get: () => here.prefix },
      aws: { enumerable: true, get: () => here.aws },
      wire: { enumerable: true, value: here.access.wire },
    });
    @Injectable()
    class Caller {
      // Nest's type leaves out custom classes here, its factory does not.
      @Client({ customClass: ClientSQS, options: given } as unknown as ClientOptions)
      client: ClientProxy;
    }
    const module = await Test.createTestingModule({ providers: [Caller] })
      .setLogger(here.logs)
      .compile();
    const app = module.createNestApplication();
    app.connectMicroservice({ strategy: new ServerSQS(here.serverOptions({ service: 'callers' })) });
    here.onClose(() => app.close());
    await app.init();
    const { client } = app.get(Caller);
    here.onClose(() => client.close());
    await use(client, seen);
  });

  it.each(['register', 'registerAsync'] as const)('come by ClientsModule.%s, and close with the app', async how => {
    const seen = await serve();
    @Injectable()
    class Config {
      readonly access = { prefix: here.prefix, ...here.access };
    }
    @Module({ providers: [Config], exports: [Config] })
    class ConfigModule {}
    const access = { prefix: here.prefix, ...here.access };
    const clients =
      how === 'register'
        ? ClientsModule.register([
            { name: 'WORK', customClass: ClientSQS, options: options() },
            { name: 'EVENTS', customClass: ClientSNS, options: { service: 'users', ...access } },
          ])
        : ClientsModule.registerAsync([
            {
              name: 'WORK',
              imports: [ConfigModule],
              inject: [Config],
              useFactory: (config: Config) => ({ customClass: ClientSQS, options: { ...options(), ...config.access } }),
            },
            {
              name: 'EVENTS',
              imports: [ConfigModule],
              inject: [Config],
              useFactory: (config: Config) =>
                Promise.resolve({ customClass: ClientSNS, options: { service: 'users', ...config.access } }),
            },
          ]);
    const module = await Test.createTestingModule({ imports: [clients] })
      .setLogger(here.logs)
      .compile();
    const app = await module.createNestApplication().init();
    const client = app.get<ClientProxy>('WORK');
    await use(client, seen);
    const events = app.get<ClientProxy>('EVENTS');
    await lastValueFrom(events.emit('user.registered', {}), { defaultValue: undefined });
    await waitFor('the event', () => seen.includes('event'));
    await expect(lastValueFrom(events.send('user.registered', {}))).rejects.toMatchObject({
      code: 'REQUEST_REPLY_UNSUPPORTED',
    });
    await app.close();
    await expect(lastValueFrom(client.send('echo', {}))).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
  });
});
