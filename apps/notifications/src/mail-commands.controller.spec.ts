import { DeadLetter, Discard } from 'nestjs-sns-sqs';
import { of, throwError, type Observable } from 'rxjs';
import { MailCommandsController } from './mail-commands.controller.js';
import { MailRefused } from './mail/mailer.js';
import { Recipients } from './recipients.js';

const userId = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
const command = { userId, email: 'ada@example.com', name: 'Ada' };

describe('commands to notifications', () => {
  let events: unknown[][];
  let mails: string[][];
  let answer: Observable<unknown>;
  let mailFailure: Error | undefined;
  let recipients: Recipients;
  let controller: MailCommandsController;

  beforeEach(() => {
    events = [];
    mails = [];
    answer = of(undefined);
    mailFailure = undefined;
    const emit = (...event: unknown[]) => {
      events.push(event);
      return answer;
    };
    const send = async (...mail: string[]) => {
      if (mailFailure) throw mailFailure;
      mails.push(mail);
    };
    recipients = new Recipients();
    controller = new MailCommandsController({ emit } as never, { send } as never, recipients);
  });

  it('sends the mail, then announces it', async () => {
    await controller.sendWelcomeEmail(command);
    expect(mails).toEqual([['ada@example.com', 'Welcome, Ada', expect.stringContaining('Ada')]]);
    const sent = { data: { userId, email: 'ada@example.com' }, options: { subject: userId } };
    expect(events).toEqual([['welcome-email.sent', expect.objectContaining(sent)]]);
  });

  it('sends to where the user is now', async () => {
    recipients.set(userId, 'new@example.com', 2);
    await controller.sendWelcomeEmail(command);
    expect(mails[0]?.[0]).toBe('new@example.com');
  });

  it('sends nothing to who wants no more mail', async () => {
    controller.cancelUserMails({ userId });
    await expect(controller.sendWelcomeEmail(command)).rejects.toThrow(Discard);
    expect(mails).toEqual([]);
  });

  it('fails when the mail server fails for the time being, and is tried again', async () => {
    mailFailure = new Error('451 try later');
    await expect(controller.sendWelcomeEmail(command)).rejects.toBe(mailFailure);
    expect(events).toEqual([]);
  });

  it('gives up a mail that is refused for good', async () => {
    mailFailure = new MailRefused('550 no such mailbox');
    await expect(controller.sendWelcomeEmail(command)).rejects.toThrow(DeadLetter);
  });

  it('fails when the announcement was not accepted', async () => {
    answer = throwError(() => new Error('the broker is away'));
    await expect(controller.sendWelcomeEmail(command)).rejects.toThrow('the broker is away');
  });
});
