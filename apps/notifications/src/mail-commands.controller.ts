import { Controller, Inject } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { ClientSNS, DeadLetter, Discard, OnCommand, SnsRecordBuilder, SqsContext } from 'nestjs-sns-sqs';
import { fromDrizzle } from 'nestjs-sns-sqs/postgres';
import { lastValueFrom } from 'rxjs';
import { EVENTS } from './clients.js';
import { UnitOfWork } from './database/unit-of-work.js';
import { Mailer, MailRefused } from './mail/mailer.js';
import { CancelUserMails, SendWelcomeEmail } from './messages.dto.js';
import { Recipients } from './recipients.js';

/** The commands to this service, in order for each user. */
@Controller()
export class MailCommandsController {
  constructor(
    @Inject(EVENTS) private readonly events: ClientSNS,
    @Inject(Mailer) private readonly mailer: Mailer,
    @Inject(Recipients) private readonly recipients: Recipients,
    @Inject(UnitOfWork) private readonly unit: UnitOfWork,
  ) {}

  /**
   * The mail server takes 20 mails a second from this service. While it is away, one mail is tried for each pause, and
   * no attempt is used up. No transaction holds a mail: a crash after it was sent, and before the commit, sends it twice.
   */
  @OnCommand('send-welcome-email', {
    rateLimit: { messages: 20, perSeconds: 1 },
    circuitBreaker: { failures: 1, of: 3, pauseSeconds: 1 },
    backoff: { initialSeconds: 1, factor: 1 },
  })
  async sendWelcomeEmail(
    @Payload() { userId, email, name }: SendWelcomeEmail,
    @Ctx() context: SqsContext,
  ): Promise<void> {
    const known = await this.recipients.find(userId);
    if (known?.cancelled) throw new Discard(`user ${userId} wants no more mail`);
    const recipient = known?.email ?? email;
    await this.send(recipient, name);
    const sent = new SnsRecordBuilder({ userId, email: recipient }).setSubject(userId).build();
    await this.unit.run(context, tx =>
      lastValueFrom(this.events.within(fromDrizzle(tx)).emit('welcome-email.sent', sent)),
    );
  }

  @OnCommand('cancel-user-mails')
  cancelUserMails(@Payload() { userId }: CancelUserMails, @Ctx() context: SqsContext): Promise<void> {
    return this.unit.run(context, tx => this.recipients.cancel(tx, userId));
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
