import { Controller, Module, type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientsModule, EventPattern, MessagePattern } from '@nestjs/microservices';
import { z } from 'zod';
import {
  ClientSNS,
  ClientSQS,
  defineContract,
  OnCommand,
  OnDomainEvent,
  ServerSQS,
  SnsSqsModule,
  SQS_TRANSPORT,
} from '../../index.js';
import { describeApp } from './describe-app.js';
import { readApp } from './open-app.js';

/** No region, no credentials, nobody at the endpoint: a call to AWS would fail. */
const NOWHERE = { endpoint: 'http://127.0.0.1:9', region: 'eu-west-1' };

const read = (load: () => unknown, server = {}) => readApp(load, { spec: 'app.js#App', ...server });
const document = async (load: () => unknown, server = {}) => describeApp(await read(load, server));

@Controller()
class Emails {
  @OnDomainEvent('user.registered', {
    from: 'users',
    useCase: 'send-email',
    formerly: ['send-mail-on-user-registered'],
  })
  send(): void {}

  @OnCommand('send-welcome-email')
  welcome(): void {}

  @MessagePattern('count', SQS_TRANSPORT)
  count(): number {
    return 1;
  }
}

const inited: string[] = [];

@Module({
  imports: [
    SnsSqsModule.forRootAsync({
      useFactory: async () => ({ service: 'notifications', prefix: 'dev-', aws: NOWHERE, inbox: false as const }),
    }),
    SnsSqsModule.forFeature({ commandsTo: ['users'] }),
  ],
  controllers: [Emails],
})
class NotificationsModule {
  onModuleInit(): void {
    inited.push('module');
  }
}

describe('an app that is read', () => {
  it('is described with its queues, handlers, publishers and senders', async () => {
    const described = await document(() => NotificationsModule);
    expect(described).toMatchObject({
      format: 'nestjs-sns-sqs/topology',
      version: 1,
      services: [
        {
          service: 'notifications',
          prefix: 'dev-',
          inbox: 'none',
          queues: [
            {
              name: 'dev-notifications-async-commands.fifo',
              fifo: true,
              deadLetterQueue: 'dev-notifications-async-commands-dlq.fifo',
              handlers: [
                { pattern: 'count', kind: 'request' },
                { pattern: 'send-welcome-email', kind: 'command' },
              ],
            },
            {
              name: 'dev-send-email-on-user-registered',
              fifo: false,
              formerly: ['dev-send-mail-on-user-registered'],
              visibilityTimeoutSeconds: 30,
              subscriptions: [{ topic: 'dev-users-domain-events', types: ['user.registered'] }],
              handlers: [{ pattern: 'user.registered', kind: 'event', topic: 'dev-users-domain-events' }],
            },
          ],
        },
      ],
      publishers: [{ service: 'notifications', topic: 'dev-notifications-domain-events' }],
      senders: [{ service: 'users', queue: 'dev-users-async-commands.fifo' }],
    });
  });

  it('gives the same bytes each time, and no lifecycle hook runs', async () => {
    const [first, second] = [await document(() => NotificationsModule), await document(() => NotificationsModule)];
    expect(JSON.stringify(second)).toBe(JSON.stringify(first));
    expect(inited).toEqual([]);
  });

  const dynamic = async (): Promise<DynamicModule> => ({
    module: class Dynamic {},
    imports: [SnsSqsModule.forRoot({ service: 'notifications', aws: NOWHERE })],
    controllers: [Emails],
  });
  const microservice = () => {
    @Module({ controllers: [Emails] })
    class App {}
    return NestFactory.createMicroservice(App, {
      strategy: new ServerSQS({ service: 'notifications', aws: NOWHERE }),
      logger: false,
    });
  };
  const hybrid = async () => {
    const app = await NestFactory.create(NotificationsModule, { logger: false });
    app.connectMicroservice({ strategy: app.get(ServerSQS) }, { inheritAppConfig: true });
    return app;
  };
  const unconnected = () => NestFactory.create(NotificationsModule, { logger: false });

  it.each<[string, () => unknown]>([
    ['a dynamic module', dynamic],
    ['a function that gives a dynamic module', () => dynamic],
    ['a microservice whose server is made beside it', () => microservice],
    ['an HTTP app that connects its server', () => hybrid],
    ['an HTTP app that does not', () => unconnected],
    ['a promise of a module', () => Promise.resolve(NotificationsModule)],
  ])('may be %s', async (_, load) => {
    const { services } = await document(load);
    expect(
      services.map(({ queues }) => queues.flatMap(({ handlers }) => handlers.map(({ pattern }) => pattern))),
    ).toEqual([['count', 'send-welcome-email', 'user.registered']]);
  });

  it('may have its server outside of its module: --service names it', async () => {
    @Module({ controllers: [Emails] })
    class Bare {}
    const { services } = await document(() => Bare, { service: 'notifications', prefix: 'p-' });
    expect(services[0]?.queues.map(({ name }) => name)).toContain('p-notifications-async-commands.fifo');
  });

  it('gives each of several servers its own handlers', async () => {
    const [FIRST, SECOND] = [Symbol('first'), Symbol('second')];
    @Controller()
    class Both {
      @EventPattern<string>('a', FIRST, { queue: 'a' })
      a(): void {}

      @EventPattern<string>('b', SECOND, { queue: 'b' })
      b(): void {}
    }
    const server = (service: string, transportId: symbol) => ({
      provide: `server-${service}`,
      useFactory: () => new ServerSQS({ service, transportId, aws: NOWHERE }),
    });
    @Module({ controllers: [Both], providers: [server('one', FIRST), server('two', SECOND)] })
    class Several {}
    const { services } = await document(() => Several);
    expect(services.map(({ service, queues }) => [service, queues.map(({ name }) => name)])).toEqual([
      ['one', ['a']],
      ['two', ['b']],
    ]);
  });

  it('shows clients of ClientsModule, with the ARN or URL that they were given', async () => {
    const topicArn = 'arn:aws:sns:eu-west-1:111111111111:users-domain-events';
    const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/111111111111/users-async-commands.fifo';
    // ClientsModule makes its clients when the module's file is loaded.
    const load = (): Type => {
      @Module({
        imports: [
          ClientsModule.register([
            { name: 'A', customClass: ClientSNS, options: { service: 'users', topicArn } },
            { name: 'B', customClass: ClientSQS, options: { service: 'users', queueUrl } },
            { name: 'C', customClass: ClientSQS, options: { service: 'users', queueUrl } },
          ]),
        ],
      })
      class Clients {}
      return Clients;
    };
    const { publishers, senders } = await document(load);
    expect(publishers).toEqual([{ service: 'users', topic: 'users-domain-events', topicArn, provisioning: 'create' }]);
    expect(senders).toEqual([
      { service: 'users', queue: 'users-async-commands.fifo', queueUrl, provisioning: 'create' },
    ]);
  });

  it('shows contracts, and schemas as JSON Schema of what travels', async () => {
    const contracted = () => {
      const users = defineContract('users', { events: { 'user.registered': z.object({ id: z.string() }) } });
      @Controller()
      class Handlers {
        @users.OnEvent('user.registered', { useCase: 'audit' })
        audit(): void {}
      }
      return contractedModule(Handlers);
    };
    const { services, contracts } = await document(() => contracted);
    const schema = expect.objectContaining({ type: 'object', required: ['id'] });
    expect(services[0]?.queues[0]?.handlers).toEqual([expect.objectContaining({ pattern: 'user.registered', schema })]);
    expect(contracts).toEqual([
      { service: 'users', events: [{ type: 'user.registered', schema }], commands: [], requests: [] },
    ]);
  });

  it.each<[string, () => unknown, RegExp]>([
    ['nothing of this library', () => class Empty {}, /has no ServerSQS, ClientSNS or ClientSQS/],
    ['no module', () => 42, /is no Nest module and no app/],
    ['a function that throws', () => () => Promise.reject(new Error('no database')), /could not be made: no database/],
  ])('of %s is refused with a remedy', async (_, load, message) => {
    await expect(read(load)).rejects.toThrow(message);
  });
});

function contractedModule(controller: Type): DynamicModule {
  return {
    module: class Contracted {},
    imports: [SnsSqsModule.forRoot({ service: 'audit', aws: NOWHERE })],
    controllers: [controller],
  };
}
