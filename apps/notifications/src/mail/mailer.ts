import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { createTransport } from 'nodemailer';

/** The mail server refuses this mail for good: an SMTP 5xx reply to its sender, recipient or content. */
export class MailRefused extends Error {
  override readonly name = 'MailRefused';
}

const PERMANENT = 500;
/** nodemailer's codes for what concerns one mail; a 5xx to the login or the greeting concerns our configuration. */
const ABOUT_THE_MAIL: ReadonlySet<string | undefined> = new Set(['EENVELOPE', 'EMESSAGE']);

/** Sends over SMTP: `SMTP_URL`, e.g. `smtp://127.0.0.1:1025`. */
@Injectable()
export class Mailer implements OnApplicationShutdown {
  private readonly transport = createTransport(process.env['SMTP_URL'] ?? 'smtp://127.0.0.1:1025');

  /** Rejects with MailRefused when another try is useless, with another error when it is not. */
  async send(to: string, subject: string, text: string): Promise<void> {
    try {
      await this.transport.sendMail({ from: 'hello@example.com', to, subject, text });
    } catch (error) {
      const { code, responseCode = 0, message } = error as Error & { code?: string; responseCode?: number };
      const forGood = responseCode >= PERMANENT && ABOUT_THE_MAIL.has(code);
      throw forGood ? new MailRefused(message, { cause: error }) : error;
    }
  }

  onApplicationShutdown(): void {
    this.transport.close();
  }
}
