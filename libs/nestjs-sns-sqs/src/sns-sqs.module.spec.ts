import { Inject, Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ClientSNS } from './client/client-sns.js';
import { ClientSQS } from './client/client-sqs.js';
import { ServerSQS } from './server/server-sqs.js';
import {
  getCommandsToken,
  SnsSqsModule,
  type SnsSqsModuleAsyncOptions,
  type SnsSqsModuleOptions,
  type SnsSqsOptionsFactory,
} from './sns-sqs.module.js';

const aws = { region: 'eu-west-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };
const options = { service: 'users', aws };

describe('SnsSqsModule.forFeature', () => {
  const token = getCommandsToken('orders');

  const appOf = async () => {
    @Module({ imports: [SnsSqsModule.forFeature({ commandsTo: ['orders'] })] })
    class First {}
    @Module({ imports: [SnsSqsModule.forFeature({ commandsTo: ['orders', 'users'] })] })
    class Second {}
    const app = await Test.createTestingModule({ imports: [SnsSqsModule.forRoot(options), First, Second] }).compile();
    const clientOf = (module: typeof First, of = token): ClientSQS => app.select(module).get(of, { strict: false });
    return {
      app,
      first: clientOf(First),
      second: clientOf(Second),
      users: clientOf(Second, getCommandsToken('users')),
    };
  };

  it('gives each service one client, however many modules ask: two would keep no order between them', async () => {
    const { app, first, second, users } = await appOf();
    expect(first).toBeInstanceOf(ClientSQS);
    const all = app.get<ClientSQS[]>(token, { strict: false, each: true });
    expect(all).toHaveLength(2);
    expect(new Set([...all, first, second]).size).toBe(1);
    expect(users).not.toBe(first);
    await app.close();
  });

  it('gives each app its own, though both were given the same options', async () => {
    const [one, other] = [await appOf(), await appOf()];
    expect(one.first).not.toBe(other.first);
    await one.app.close();
    await other.app.close();
  });
});

describe('SnsSqsModule.forRootAsync', () => {
  const SERVICE = Symbol('service');

  /** The service that its `ServerSQS` and `ClientSNS` are made for. */
  const servicesOf = async (asyncOptions: SnsSqsModuleAsyncOptions): Promise<unknown[]> => {
    const app = await Test.createTestingModule({ imports: [SnsSqsModule.forRootAsync(asyncOptions)] }).compile();
    const { run } = app.get<unknown>(ServerSQS) as { run: { options: SnsSqsModuleOptions } };
    const client = app.get<unknown>(ClientSNS) as { options: SnsSqsModuleOptions };
    await app.close();
    return [run, client].map(({ options: { service } }) => service);
  };

  @Injectable()
  class FromDi implements SnsSqsOptionsFactory {
    constructor(@Inject(SERVICE) private readonly service: string) {}
    createSnsSqsOptions(): Promise<SnsSqsModuleOptions> {
      return Promise.resolve({ ...options, service: this.service });
    }
  }

  const service = { provide: SERVICE, useValue: 'orders' };
  @Module({
    providers: [service, FromDi, { provide: 'config', useExisting: FromDi }],
    exports: [SERVICE, FromDi, 'config'],
  })
  class ConfigModule {}

  it.each<[string, SnsSqsModuleAsyncOptions]>([
    [
      'useFactory, with what another module exports',
      { imports: [ConfigModule], inject: [SERVICE], useFactory: (name: string) => ({ ...options, service: name }) },
    ],
    [
      'useFactory, with providers of its own',
      { extraProviders: [service], inject: [SERVICE], useFactory: (name: string) => ({ ...options, service: name }) },
    ],
    ['useClass, with what another module exports', { imports: [ConfigModule], useClass: FromDi }],
    ['useClass, with providers of its own', { extraProviders: [service], useClass: FromDi }],
    ['useExisting, a class', { imports: [ConfigModule], useExisting: FromDi }],
    ['useExisting, a token', { imports: [ConfigModule], useExisting: 'config' }],
  ])('takes its options from %s', async (_, asyncOptions) => {
    expect(await servicesOf(asyncOptions)).toEqual(['orders', 'orders']);
  });

  it('makes a class of its own for useClass, and none for useExisting', async () => {
    let made = 0;
    @Injectable()
    class Counted implements SnsSqsOptionsFactory {
      constructor() {
        made += 1;
      }
      createSnsSqsOptions(): SnsSqsModuleOptions {
        return options;
      }
    }
    @Module({ providers: [Counted], exports: [Counted] })
    class CountedModule {}
    await servicesOf({ imports: [CountedModule], useExisting: Counted });
    expect(made).toBe(1);
    await servicesOf({ imports: [CountedModule], useClass: Counted });
    expect(made).toBe(3);
  });

  it.each<[string, SnsSqsModuleAsyncOptions, RegExp]>([
    ['no source', {}, /nothing to get its options from/],
    ['two sources', { useFactory: () => options, useClass: FromDi }, /`useFactory` and `useClass`/],
  ])('refuses %s', (_, asyncOptions, why) => {
    expect(() => SnsSqsModule.forRootAsync(asyncOptions)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringMatching(why) as string }) as Error,
    );
  });
});
