// HTTP and messages in one app, as a service is written: what comes by HTTP is published, reacted to, ordered and asked.
import 'reflect-metadata';
import { strict as assert } from 'node:assert';
import { Body, Controller, Get, HttpCode, Inject, Module, ParseIntPipe, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientProxy, Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { startLocalBroker } from 'local-sns-sqs';
import {
  ClientSNS,
  InjectCommands,
  OnCommand,
  OnDomainEvent,
  ServerSQS,
  SnsSqsModule,
  SqsContext,
  SqsRecordBuilder,
} from 'nestjs-sns-sqs';
import { lastValueFrom, timeout } from 'rxjs';

interface User {
  id: string;
}

const ready: { resolve: (ids: string[]) => void } = { resolve: () => undefined };

@Controller('users')
class Users {
  private readonly activated: string[] = [];

  constructor(
    @Inject(ClientSNS) private readonly events: ClientProxy,
    @InjectCommands('users') private readonly users: ClientProxy,
  ) {}

  @Post()
  @HttpCode(202)
  async register(@Body() user: User): Promise<void> {
    await lastValueFrom(this.events.emit('user.registered', user));
  }

  @Get('double')
  async double(): Promise<{ double: number }> {
    const answer = this.users.send<number>({ cmd: 'double' }, { n: '21' });
    return { double: await lastValueFrom(answer.pipe(timeout(10_000))) };
  }

  @OnDomainEvent('user.registered', { from: 'users', useCase: 'activate' })
  async onRegistered(@Payload() { id }: User): Promise<void> {
    const command = new SqsRecordBuilder({ id }).setGroupId(id).build();
    await lastValueFrom(this.users.emit('activate-user', command));
  }

  @OnCommand('activate-user')
  activate(@Payload() { id }: User, @Ctx() context: SqsContext): void {
    this.activated.push(`${id} ${context.getQueue()}`);
    if (this.activated.length === 2) ready.resolve(this.activated.toSorted());
  }

  @MessagePattern({ cmd: 'double' })
  answer(@Payload('n', ParseIntPipe) n: number): number {
    return n * 2;
  }
}

@Module({})
class AppModule {}

async function main(): Promise<void> {
  const broker = await startLocalBroker();
  const aws = {
    endpoint: broker.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  };
  const app = await NestFactory.create(
    {
      module: AppModule,
      imports: [
        SnsSqsModule.forRootAsync({ useFactory: () => ({ service: 'users', aws }) }),
        SnsSqsModule.forFeature({ commandsTo: ['users'] }),
      ],
      controllers: [Users],
    },
    { logger: ['error', 'warn'] },
  );
  app.connectMicroservice({ strategy: app.get(ServerSQS) }, { inheritAppConfig: true });
  await app.init();
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');

  const activated = new Promise<string[]>(resolve => (ready.resolve = resolve));
  const url = `${await app.getUrl()}/users`;
  for (const id of ['u1', 'u2']) {
    const headers = { 'content-type': 'application/json' };
    const { status } = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ id }) });
    assert.equal(status, 202);
  }
  assert.deepEqual(await activated, ['u1 users-async-commands.fifo', 'u2 users-async-commands.fifo']);
  assert.deepEqual(await (await fetch(`${url}/double`)).json(), { double: 42 });

  await app.close();
  const left = broker.inspect.queues().filter(({ name, messages }) => messages.length > 0 || name.includes('replies'));
  assert.deepEqual(left, []);
  await broker.stop();
  console.log('consumed');
}

main().catch(error => {
  console.error(error);
  process.exit(1);
});
