import { DeadLetter, Discard } from 'nestjs-sns-sqs';
import { sqsContext } from 'nestjs-sns-sqs/testing';
import { of, throwError, type Observable } from 'rxjs';
import { MailCommandsController } from './mail-commands.controller.js';
import { MailRefused } from './mail/mailer.js';
import type { Recipient } from './recipients.js';

const userId = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
const context = sqsContext();
const command = { userId, email: 'ada@example.com', name: 'Ada' };

describe('commands to notifications', () => {
  let events: unknown[][];
  let mails: string[][];
  let answer: Observable<unknown>;
  let mailFailure: Error | undefined;
  let known: Recipient;
  let cancelled: string[];
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
    known = undefined;
    cancelled = [];
    const recipients = {
      find: () => Promise.resolve(known),
      cancel: (_: unknown, user: string) => Promise.resolve(void cancelled.push(user)),
    };
    const tx = { execute: () => undefined, rollback: () => undefined };
    const run = (_: unknown, work: (transaction: unknown) => Promise<unknown>) => work(tx);
    controller = new MailCommandsController(
      { within: () => ({ emit }) } as never,
      { send } as never,
      recipients as never,
      { run } as never,
    );
  });

  it('sends the mail, then announces it', async () => {
    await controller.sendWelcomeEmail(command, context);
    expect(mails).toEqual([['ada@example.com', 'Welcome, Ada', expect.stringContaining('Ada')]]);
    const sent = { data: { userId, email: 'ada@example.com' }, options: { subject: userId } };
    expect(events).toEqual([['welcome-email.sent', expect.objectContaining(sent)]]);
  });

  it('sends to where the user is now', async () => {
    known = { email: 'new@example.com', cancelled: false };
    await controller.sendWelcomeEmail(command, context);
    expect(mails[0]?.[0]).toBe('new@example.com');
  });

  it('sends nothing to who wants no more mail', async () => {
    await controller.cancelUserMails({ userId }, context);
    expect(cancelled).toEqual([userId]);
    known = { email: 'ada@example.com', cancelled: true };
    await expect(controller.sendWelcomeEmail(command, context)).rejects.toThrow(Discard);
    expect(mails).toEqual([]);
  });

  it('fails when the mail server fails for the time being, and is tried again', async () => {
    mailFailure = new Error('451 try later');
    await expect(controller.sendWelcomeEmail(command, context)).rejects.toBe(mailFailure);
    expect(events).toEqual([]);
  });

  it('gives up a mail that is refused for good', async () => {
    mailFailure = new MailRefused('550 no such mailbox');
    await expect(controller.sendWelcomeEmail(command, context)).rejects.toThrow(DeadLetter);
  });

  it('fails when the announcement was not written', async () => {
    answer = throwError(() => new Error('the database is away'));
    await expect(controller.sendWelcomeEmail(command, context)).rejects.toThrow('the database is away');
  });
});
