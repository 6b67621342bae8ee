import { ValidationPipe } from '@nestjs/common';
import type { SqsContext } from 'nestjs-sns-sqs';
import { of, throwError, type Observable } from 'rxjs';
import { UserDeleted, UserEmailChanged, UserRegistered } from './messages.dto.js';
import { Recipients } from './recipients.js';
import { UserEventsController } from './user-events.controller.js';

const id = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
const registered = { id, email: 'ada@example.com', name: 'Ada', version: 1 };
const context = { getMetadata: () => ({ id: 'event-1' }) } as SqsContext;

describe('reactions of notifications', () => {
  let commands: unknown[][];
  let answer: Observable<unknown>;
  let recipients: Recipients;
  let controller: UserEventsController;

  beforeEach(() => {
    commands = [];
    answer = of(undefined);
    const emit = (...command: unknown[]) => {
      commands.push(command);
      return answer;
    };
    recipients = new Recipients();
    controller = new UserEventsController({ emit } as never, recipients);
  });

  it('a registered user is known, and the service commands itself, by the event', async () => {
    await controller.sendEmail(registered, context);
    expect(recipients.addressOf(id)).toBe('ada@example.com');
    const command = expect.objectContaining({
      data: { userId: id, email: 'ada@example.com', name: 'Ada' },
      options: { groupId: id, deduplicationId: 'event-1', causationId: 'event-1' },
    });
    expect(commands).toEqual([['send-welcome-email', command]]);
  });

  it('the event is tried again when the command was not accepted', async () => {
    answer = throwError(() => new Error('the broker is away'));
    await expect(controller.sendEmail(registered, context)).rejects.toThrow('the broker is away');
  });

  it('a new address is known, a deleted user is not', () => {
    controller.updateRecipient({ id, email: 'new@example.com', version: 2 });
    expect(recipients.addressOf(id)).toBe('new@example.com');
    controller.forgetRecipient({ id, version: 3 });
    expect(recipients.addressOf(id)).toBeUndefined();
  });

  it.each([
    [UserRegistered, { ...registered, email: 'ada' }],
    [UserRegistered, { ...registered, id: 7 }],
    [UserRegistered, { ...registered, version: 0 }],
    [UserEmailChanged, { id }],
    [UserDeleted, {}],
  ])('%p is not taken when it is %j', async (metatype, payload) => {
    const pipe = new ValidationPipe({ whitelist: true, transform: true });
    await expect(pipe.transform(payload, { type: 'body', metatype })).rejects.toThrow('Bad Request');
  });
});
