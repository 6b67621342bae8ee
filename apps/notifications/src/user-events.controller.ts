import { Controller, Inject } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { ClientSQS, OnDomainEvent, SqsContext, SqsRecordBuilder } from 'nestjs-sns-sqs';
import { fromDrizzle } from 'nestjs-sns-sqs/postgres';
import { lastValueFrom } from 'rxjs';
import { COMMANDS } from './clients.js';
import { UnitOfWork } from './database/unit-of-work.js';
import { UserDeleted, UserEmailChanged, UserRegistered } from './messages.dto.js';
import { Recipients } from './recipients.js';

/** Reactions to the events of `users`, each in a queue of its own. */
@Controller()
export class UserEventsController {
  constructor(
    @Inject(COMMANDS) private readonly commands: ClientSQS,
    @Inject(Recipients) private readonly recipients: Recipients,
    @Inject(UnitOfWork) private readonly unit: UnitOfWork,
  ) {}

  /**
   * Commands this very service: sending may take long and must keep the order of the user's mails. The command is a row
   * of the same transaction. The inbox takes out repeated deliveries; where its memory ends, the event's id makes them the
   * same command.
   */
  @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
  async sendEmail(@Payload() { id, email, name, version }: UserRegistered, @Ctx() context: SqsContext): Promise<void> {
    const command = new SqsRecordBuilder({ userId: id, email, name })
      .setGroupId(id)
      .setDeduplicationId(context.getMetadata().id)
      .setCausationId(context.getMetadata().id)
      .build();
    await this.unit.run(context, async tx => {
      await this.recipients.set(tx, id, email, version);
      await lastValueFrom(this.commands.within(fromDrizzle(tx)).emit('send-welcome-email', command));
    });
  }

  /** Only the latest address counts: the inbox skips an event that a later one has overtaken. */
  @OnDomainEvent('user.email-changed', { from: 'users', useCase: 'update-recipient', ordering: 'latest' })
  updateRecipient(@Payload() { id, email, version }: UserEmailChanged, @Ctx() context: SqsContext): Promise<void> {
    return this.unit.run(context, tx => this.recipients.set(tx, id, email, version));
  }

  @OnDomainEvent('user.deleted', { from: 'users', useCase: 'forget-recipient' })
  forgetRecipient(@Payload() { id, version }: UserDeleted, @Ctx() context: SqsContext): Promise<void> {
    return this.unit.run(context, tx => this.recipients.forget(tx, id, version));
  }
}
