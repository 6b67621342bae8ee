// Test an app with the harness: a broker of its own, no sleeps, and a record of what happened.
import { Controller, type INestMicroservice } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { ClientSNS, DeadLetter, OnDomainEvent, ServerSQS, SnsSqsModule } from 'nestjs-sns-sqs';
import { TestHarness } from 'nestjs-sns-sqs/testing';
import { lastValueFrom } from 'rxjs';

@Controller()
class Emails {
  @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
  send(@Payload() user: { email?: string }): void {
    if (!user.email) throw new DeadLetter('no address');
  }
}

describe('Emails', () => {
  let harness: TestHarness;
  let app: INestMicroservice;
  let events: ClientSNS;

  beforeAll(async () => {
    harness = await TestHarness.start();
    const module = await Test.createTestingModule({
      imports: [SnsSqsModule.forRoot({ service: 'users', aws: harness.aws })],
      controllers: [Emails],
    }).compile();
    app = module.createNestMicroservice({ strategy: module.get(ServerSQS), logger: false });
    events = module.get(ClientSNS);
    await app.listen();
  });

  beforeEach(() => harness.clear());

  afterAll(async () => {
    await app.close();
    await harness.stop();
  });

  it('sends a mail', async () => {
    await lastValueFrom(events.emit('user.registered', { email: 'ada@example.com' }));
    await harness.quiet();
    expect(harness.handled.map(({ queue }) => queue)).toEqual(['send-email-on-user-registered']);
  });

  it('dead-letters a user without an address', async () => {
    await lastValueFrom(events.emit('user.registered', {}));
    await harness.quiet();
    expect(harness.deadLettered).toMatchObject([{ reason: 'no address', attempts: 1 }]);
  });
});
