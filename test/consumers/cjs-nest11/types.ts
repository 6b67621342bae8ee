// Compiles only if the packed declarations are found and say what the documentation says.
import { Controller } from '@nestjs/common';
import { ClientsModule, Ctx, Payload } from '@nestjs/microservices';
import { startLocalBroker, type LocalBroker } from 'local-sns-sqs';
import {
  ClientSNS,
  ClientSQS,
  DeadLetter,
  OnCommand,
  OnDomainEvent,
  ServerSQS,
  SnsRecordBuilder,
  SnsSqsModule,
  SqsContext,
  type ServerSQSOptions,
} from 'nestjs-sns-sqs';

export const options: ServerSQSOptions = { service: 'notifications', consumer: { maxReceiveCount: 3 } };
export const strategy: ServerSQS = new ServerSQS(options);
export const start: Promise<LocalBroker> = startLocalBroker({ port: 0 });
export const module = SnsSqsModule.forRoot(options);
export const clients = ClientsModule.register([
  { name: 'EVENTS', customClass: ClientSNS, options: { service: 'users' } },
  { name: 'COMMANDS', customClass: ClientSQS, options: { service: 'users' } },
]);
export const record = new SnsRecordBuilder({ id: 1 }).setSubject('u').setSequence(1).build();

@Controller()
export class Notifications {
  @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
  async registered(@Payload() user: { email: string }, @Ctx() context: SqsContext): Promise<void> {
    if (context.getAttempt() > 2) throw new DeadLetter(user.email);
  }

  @OnCommand('send-welcome-email')
  send(): void {}
}
