import { Controller, type INestMicroservice } from '@nestjs/common';
import { Payload, type ClientProxy } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  ClientSNS,
  DeadLetter,
  OnCommand,
  OnDomainEvent,
  InjectCommands,
  ServerSQS,
  SnsSqsModule,
  SqsRecordBuilder,
} from 'nestjs-sns-sqs';
import { TestHarness } from 'nestjs-sns-sqs/testing';
import { lastValueFrom } from 'rxjs';

@Controller()
class Notifications {
  constructor(@InjectCommands('notifications') private readonly commands: ClientProxy) {}

  @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
  async registered(@Payload() user: { id: string }): Promise<void> {
    const command = new SqsRecordBuilder(user).setGroupId(user.id).build();
    await lastValueFrom(this.commands.emit('send-welcome-email', command));
  }

  @OnCommand('send-welcome-email')
  send(@Payload() user: { id: string }): void {
    if (user.id === 'nobody') throw new DeadLetter('nobody has no mail address');
  }
}

describe('an app under test with TestHarness', () => {
  let harness: TestHarness;
  let app: INestMicroservice;
  let users: ClientSNS;

  beforeAll(async () => {
    harness = await TestHarness.start();
    const module = await Test.createTestingModule({
      imports: [
        SnsSqsModule.forRoot({ service: 'notifications', aws: harness.aws }),
        SnsSqsModule.forFeature({ commandsTo: ['notifications'] }),
      ],
      controllers: [Notifications],
    }).compile();
    app = module.createNestMicroservice({ strategy: module.get(ServerSQS), logger: false });
    await app.listen();
    users = new ClientSNS({ service: 'users', aws: harness.aws });
  });

  beforeEach(() => harness.clear());

  afterAll(async () => {
    await users.close();
    await app.close();
    await harness.stop();
  });

  it('is waited for to the end of a chain, and tells what was published and handled', async () => {
    await lastValueFrom(users.emit('user.registered', { id: 'u1' }));
    await harness.quiet();
    expect(harness.published.map(({ type }) => type)).toEqual(['user.registered', 'send-welcome-email']);
    expect(harness.handled.map(({ queue, data }) => [queue, data])).toEqual([
      ['send-email-on-user-registered', { id: 'u1' }],
      ['notifications-async-commands.fifo', { id: 'u1' }],
    ]);
    expect(harness.failed).toEqual([]);
  });

  it('tells what failed and what was dead-lettered', async () => {
    await lastValueFrom(users.emit('user.registered', { id: 'nobody' }));
    await harness.quiet();
    expect(harness.failed).toMatchObject([{ type: 'send-welcome-email', outcome: 'dead-letter' }]);
    expect(harness.deadLettered).toEqual([
      {
        queue: 'notifications-async-commands.fifo',
        type: 'send-welcome-email',
        data: { id: 'nobody' },
        reason: 'nobody has no mail address',
        error: 'DeadLetter',
        attempts: 1,
      },
    ]);
  });
});
