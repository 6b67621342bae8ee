// What a handler can decide: an error is retried, RetryLater waits, DeadLetter and Discard end it.
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import {
  ClientSNS,
  DeadLetter,
  Discard,
  OnDomainEvent,
  RetryLater,
  ServerSQS,
  SnsSqsModule,
  SqsContext,
} from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';

@Controller()
class Payments {
  @OnDomainEvent('order.placed', { from: 'shop', useCase: 'charge' })
  charge(@Payload() { id, card }: { id: string; card: string }, @Ctx() context: SqsContext): void {
    const attempt = context.getAttempt();
    if (card === 'unknown') throw new DeadLetter(`order ${id} has an unknown card`); // no retry can help
    if (card === 'test') throw new Discard('a test order'); // handled: delete the message
    if (card === 'busy' && attempt === 1) throw new RetryLater(1, 'the bank asks for a pause'); // uses up no attempt
    if (card === 'flaky' && attempt === 1) throw new Error('the bank does not answer'); // retried with backoff
    console.log(`charged ${id} in attempt ${attempt}`);
  }
}

@Module({
  imports: [SnsSqsModule.forRoot({ service: 'shop', consumer: { backoff: { initialSeconds: 1 } } })],
  controllers: [Payments],
})
class AppModule {}

export async function main() {
  const app = await NestFactory.create(AppModule, { logger: false });
  app.connectMicroservice<MicroserviceOptions>({ strategy: app.get(ServerSQS) });
  await app.init();
  await app.startAllMicroservices();

  const events = app.get(ClientSNS);
  for (const card of ['valid', 'unknown', 'test', 'busy', 'flaky']) {
    await lastValueFrom(events.emit('order.placed', { id: card, card }));
  }
  return app;
}
