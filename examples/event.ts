// Publish an event, and react to it in a queue of its own.
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { ClientSNS, OnDomainEvent, ServerSQS, SnsRecordBuilder, SnsSqsModule, SqsContext } from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';

@Controller()
class Emails {
  // The queue is send-email-on-user-registered. It gets the events `user.registered` of the service `users`.
  @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
  sendEmail(@Payload() user: { email: string }, @Ctx() context: SqsContext): void {
    console.log(`mail to ${user.email}, attempt ${context.getAttempt()}`);
  }
}

@Module({ imports: [SnsSqsModule.forRoot({ service: 'users' })], controllers: [Emails] })
class AppModule {}

export async function main() {
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
  app.connectMicroservice<MicroserviceOptions>({ strategy: app.get(ServerSQS) });
  await app.init();
  await app.startAllMicroservices();

  const user = { id: 'u1', email: 'ada@example.com', version: 1 };
  const event = new SnsRecordBuilder(user).setSubject(user.id).setSequence(user.version).build();
  // It completes when SNS has accepted this event. It errors if SNS has not.
  await lastValueFrom(app.get(ClientSNS).emit('user.registered', event));
  return app;
}
