import { Controller, Inject } from '@nestjs/common';
import { Ctx, Payload, type ClientProxy } from '@nestjs/microservices';
import { OnDomainEvent, SqsContext, SqsRecordBuilder } from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';
import { COMMANDS } from './clients.js';
import { UserDeleted, UserEmailChanged, UserRegistered } from './messages.dto.js';
import { Recipients } from './recipients.js';

/** Reactions to the events of `users`, each in a queue of its own. */
@Controller()
export class UserEventsController {
  constructor(
    @Inject(COMMANDS) private readonly commands: ClientProxy,
    @Inject(Recipients) private readonly recipients: Recipients,
  ) {}

  /**
   * Commands this very service: sending may take long and must keep the order of the user's mails. The inbox takes out
   * repeated deliveries; where its memory ends, the event's id makes them the same command.
   */
  @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
  async sendEmail(@Payload() { id, email, name, version }: UserRegistered, @Ctx() context: SqsContext): Promise<void> {
    this.recipients.set(id, email, version);
    const command = new SqsRecordBuilder({ userId: id, email, name })
      .setGroupId(id)
      .setDeduplicationId(context.getMetadata().id)
      .setCausationId(context.getMetadata().id)
      .build();
    await lastValueFrom(this.commands.emit('send-welcome-email', command));
  }

  /** Only the latest address counts: the inbox skips an event that a later one has overtaken. */
  @OnDomainEvent('user.email-changed', { from: 'users', useCase: 'update-recipient', ordering: 'latest' })
  updateRecipient(@Payload() { id, email, version }: UserEmailChanged): void {
    this.recipients.set(id, email, version);
  }

  @OnDomainEvent('user.deleted', { from: 'users', useCase: 'forget-recipient' })
  forgetRecipient(@Payload() { id, version }: UserDeleted): void {
    this.recipients.forget(id, version);
  }
}
