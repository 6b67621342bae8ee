import { Controller, Inject } from '@nestjs/common';
import { Payload, type ClientProxy } from '@nestjs/microservices';
import { DeadLetter, Discard, OnCommand, RetryLater, SnsRecordBuilder } from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';
import { EVENTS } from './clients.js';
import { Mailer, MailRefused } from './mail/mailer.js';
import { CancelUserMails, SendWelcomeEmail } from './messages.dto.js';
import { Recipients } from './recipients.js';

const RETRY_SECONDS = 1;

/** The commands to this service, in order for each user. */
@Controller()
export class MailCommandsController {
  constructor(
    @Inject(EVENTS) private readonly events: ClientProxy,
    @Inject(Mailer) private readonly mailer: Mailer,
    @Inject(Recipients) private readonly recipients: Recipients,
  ) {}

  @OnCommand('send-welcome-email')
  async sendWelcomeEmail(@Payload() { userId, email, name }: SendWelcomeEmail): Promise<void> {
    if (this.recipients.isCancelled(userId)) throw new Discard(`user ${userId} wants no more mail`);
    const recipient = this.recipients.addressOf(userId) ?? email;
    await this.send(recipient, name);
    const sent = new SnsRecordBuilder({ userId, email: recipient }).setSubject(userId).build();
    await lastValueFrom(this.events.emit('welcome-email.sent', sent));
  }

  @OnCommand('cancel-user-mails')
  cancelUserMails(@Payload() { userId }: CancelUserMails): void {
    this.recipients.cancel(userId);
  }

  private async send(recipient: string, name: string): Promise<void> {
    try {
      await this.mailer.send(recipient, `Welcome, ${name}`, `Hello ${name}, your account is ready.`);
    } catch (error) {
      // A server that says no for good will say it again; anything else may pass.
      if (error instanceof MailRefused) throw new DeadLetter(error.message, { cause: error });
      throw new RetryLater(RETRY_SECONDS, `no mail sent: ${(error as Error).message}`, { cause: error });
    }
  }
}
