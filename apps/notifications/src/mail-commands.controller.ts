import { Controller, Inject } from '@nestjs/common';
import { Payload, type ClientProxy } from '@nestjs/microservices';
import { DeadLetter, Discard, OnCommand, SnsRecordBuilder } from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';
import { EVENTS } from './clients.js';
import { Mailer, MailRefused } from './mail/mailer.js';
import { CancelUserMails, SendWelcomeEmail } from './messages.dto.js';
import { Recipients } from './recipients.js';

/** The commands to this service, in order for each user. */
@Controller()
export class MailCommandsController {
  constructor(
    @Inject(EVENTS) private readonly events: ClientProxy,
    @Inject(Mailer) private readonly mailer: Mailer,
    @Inject(Recipients) private readonly recipients: Recipients,
  ) {}

  /**
   * The mail server takes 20 mails a second from this service. While it is away, one mail is tried for each pause, and
   * no attempt is used up.
   */
  @OnCommand('send-welcome-email', {
    rateLimit: { messages: 20, perSeconds: 1 },
    circuitBreaker: { failures: 1, of: 3, pauseSeconds: 1 },
    backoff: { initialSeconds: 1, factor: 1 },
  })
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
      // A server that says no for good will say it again; anything else may pass, and counts for the circuit breaker.
      if (error instanceof MailRefused) throw new DeadLetter(error.message, { cause: error });
      throw error;
    }
  }
}
