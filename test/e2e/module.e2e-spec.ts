import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { Body, Controller, Get, Inject, Injectable, Module, Post, ValidationPipe } from '@nestjs/common';
import { ClientsModule, MessagePattern, Payload, type ClientProxy } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { IsEmail } from 'class-validator';
import {
  ClientSNS,
  ClientSQS,
  InjectCommands,
  OnCommand,
  OnDomainEvent,
  ServerSQS,
  SnsSqsModule,
  SqsRecordBuilder,
  type SnsSqsModuleOptions,
} from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';
import { waitFor } from '../support/wait-for.js';
import { QUICK, world } from '../support/world.js';

class RegisterUser {
  @IsEmail()
  email: string;
}

/** A service as teams write it: HTTP in, an event out, a reaction to it, a command to itself and its execution. */
function usersService(trace: string[]) {
  @Controller('users')
  class UsersController {
    constructor(
      @Inject(ClientSNS) private readonly events: ClientProxy,
      @InjectCommands('users') private readonly commands: ClientProxy,
    ) {}

    @Get()
    list(): string[] {
      return trace;
    }

    @Post()
    async register(@Body() user: RegisterUser): Promise<{ registered: string }> {
      await lastValueFrom(this.events.emit('user.registered', user), { defaultValue: undefined });
      return { registered: user.email };
    }

    @OnDomainEvent('user.registered', { from: 'users', useCase: 'create-preferences' })
    async onRegistered(@Payload() user: RegisterUser): Promise<void> {
      trace.push(`${user instanceof RegisterUser ? 'a RegisterUser' : 'an object'}: ${user.email}`);
      const command = new SqsRecordBuilder({ email: user.email }).setGroupId(user.email).build();
      await lastValueFrom(this.commands.emit('deactivate-user', command), { defaultValue: undefined });
    }

    @OnCommand('deactivate-user')
    deactivate(@Payload() { email }: { email: string }): void {
      trace.push(`deactivated ${email}`);
    }
  }
  return UsersController;
}

describe('SnsSqsModule', () => {
  const here = world();
  const options = (): SnsSqsModuleOptions => ({
    service: 'users',
    prefix: here.prefix,
    ...here.access,
    consumer: QUICK,
  });

  it('makes a hybrid app of an HTTP service: events and commands beside HTTP, with the app-wide pipes', async () => {
    const trace: string[] = [];
    const module = await Test.createTestingModule({
      imports: [SnsSqsModule.forRoot(options()), SnsSqsModule.forFeature({ commandsTo: ['users'] })],
      controllers: [usersService(trace)],
    })
      .setLogger(here.logs)
      .compile();
    const app = module.createNestApplication();
    here.onClose(() => app.close());
    app.useGlobalPipes(new ValidationPipe({ transform: true }));
    app.connectMicroservice({ strategy: app.get(ServerSQS) }, { inheritAppConfig: true });
    await app.init();
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');

    const post = async (user: object) => {
      const headers = { 'content-type': 'application/json' };
      return fetch(`${await app.getUrl()}/users`, { method: 'POST', headers, body: JSON.stringify(user) });
    };
    expect((await post({ email: 'nobody' })).status).toBe(400);
    const answer = await post({ email: 'ada@example.org' });
    expect(answer.status).toBe(201);
    expect(await answer.json()).toEqual({ registered: 'ada@example.org' });
    await waitFor('the reaction and the command', () => trace.length === 2);
    expect(trace).toEqual(['a RegisterUser: ada@example.org', 'deactivated ada@example.org']);
    await here.queue('create-preferences-on-user-registered').untilEmpty();

    // The message does not pass the pipe that the app has for everything.
    await here.events().emit('user.registered', { email: 'nobody' });
    await here.queue('create-preferences-on-user-registered-dlq').takeOne();
    expect(trace).toHaveLength(2);
  });

  it('takes its configuration from DI, asynchronously', async () => {
    const trace: string[] = [];
    @Injectable()
    class Config {
      load(): Promise<SnsSqsModuleOptions> {
        return Promise.resolve(options());
      }
    }
    @Module({ providers: [Config], exports: [Config] })
    class ConfigModule {}
    const module = await Test.createTestingModule({
      imports: [
        SnsSqsModule.forRootAsync({
          imports: [ConfigModule],
          inject: [Config],
          useFactory: (config: Config) => config.load(),
        }),
        SnsSqsModule.forFeature({ commandsTo: ['users', 'notifications'] }),
      ],
      controllers: [usersService(trace)],
    })
      .setLogger(here.logs)
      .compile();
    const app = module.createNestMicroservice({ strategy: module.get(ServerSQS) });
    here.onClose(() => app.close());
    await app.listen();
    await lastValueFrom(module.get(ClientSNS).emit('user.registered', { email: 'bob@example.org' }), {
      defaultValue: undefined,
    });
    await waitFor('the reaction and the command', () => trace.length === 2);
    expect(trace).toEqual(['an object: bob@example.org', 'deactivated bob@example.org']);
  });

  it('makes clients that ask within its replyTimeoutMs, through one reply queue', async () => {
    @Controller()
    class Sums {
      constructor(
        @InjectCommands('users') readonly users: ClientProxy,
        @InjectCommands('orders') readonly orders: ClientProxy,
      ) {}

      @MessagePattern('sum')
      sum(): number {
        return 6;
      }
    }
    const module = await Test.createTestingModule({
      imports: [
        SnsSqsModule.forRoot({ ...options(), replyTimeoutMs: 2_000 }),
        SnsSqsModule.forFeature({ commandsTo: ['users', 'orders'] }),
      ],
      controllers: [Sums],
    })
      .setLogger(here.logs)
      .compile();
    const app = module.createNestMicroservice({ strategy: module.get(ServerSQS) });
    here.onClose(() => app.close());
    await app.listen();
    const { users, orders } = module.get(Sums);
    const nobody = lastValueFrom(orders.send('sum', {}));
    const patient = new SqsRecordBuilder({}).setReplyTimeoutMs(15_000).build();
    expect(await lastValueFrom(users.send<number, unknown>('sum', patient))).toBe(6);
    await expect(nobody).rejects.toMatchObject({ code: 'REPLY_TIMEOUT' });
    const { QueueUrls = [] } = await here.clients.sqs.send(new ListQueuesCommand({ QueueNamePrefix: here.prefix }));
    expect(QueueUrls.filter(url => url.includes('users-replies-'))).toHaveLength(1);
    expect(QueueUrls.filter(url => url.includes('-replies-'))).toHaveLength(1);
  });

  it('closes its clients with the app, after its handlers have published', async () => {
    const module = await Test.createTestingModule({ imports: [SnsSqsModule.forRoot(options())] })
      .setLogger(here.logs)
      .compile();
    const app = await module.createNestApplication().init();
    const client = module.get(ClientSNS);
    await app.close();
    await expect(lastValueFrom(client.emit('user.registered', {}))).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
  });
});

describe('ClientsModule', () => {
  const here = world();

  it('makes clients of ClientSNS and ClientSQS by customClass', async () => {
    const trace: string[] = [];
    @Controller()
    class Notifications {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
      registered(): void {
        trace.push('event');
      }

      @OnCommand('send-welcome-email')
      send(): void {
        trace.push('command');
      }
    }
    await here.start([Notifications]);
    const access = { prefix: here.prefix, ...here.access };
    const module = await Test.createTestingModule({
      imports: [
        ClientsModule.register([
          { name: 'EVENTS', customClass: ClientSNS, options: { service: 'users', ...access } },
          { name: 'NOTIFICATIONS', customClass: ClientSQS, options: { service: 'notifications', ...access } },
        ]),
      ],
    })
      .setLogger(here.logs)
      .compile();
    await module.init();
    here.onClose(() => module.close());
    const record = new SqsRecordBuilder({}).setGroupId('user-1').build();
    await lastValueFrom(module.get<ClientProxy>('EVENTS').emit('user.registered', {}), { defaultValue: undefined });
    await lastValueFrom(module.get<ClientProxy>('NOTIFICATIONS').emit('send-welcome-email', record), {
      defaultValue: undefined,
    });
    await waitFor('both', () => trace.length === 2);
    expect(trace.toSorted()).toEqual(['command', 'event']);
  });
});
