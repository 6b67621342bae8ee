import { ValidationPipe } from '@nestjs/common';
import { sqsContext } from 'nestjs-sns-sqs/testing';
import { of, throwError, type Observable } from 'rxjs';
import { UserDeleted, UserEmailChanged, UserRegistered } from './messages.dto.js';
import { UserEventsController } from './user-events.controller.js';

const id = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
const registered = { id, email: 'ada@example.com', name: 'Ada', version: 1 };
const context = sqsContext({ metadata: { id: 'event-1' } });

describe('reactions of notifications', () => {
  let commands: unknown[][];
  let answer: Observable<unknown>;
  let steps: unknown[][];
  let controller: UserEventsController;

  beforeEach(() => {
    commands = [];
    answer = of(undefined);
    const emit = (...command: unknown[]) => {
      commands.push(command);
      return answer;
    };
    steps = [];
    const set = async (_: unknown, ...step: unknown[]) => void steps.push(['set', ...step]);
    const forget = async (_: unknown, ...step: unknown[]) => void steps.push(['forget', ...step]);
    const tx = { execute: () => undefined, rollback: () => undefined };
    const run = async (_: unknown, work: (transaction: unknown) => Promise<unknown>) => {
      await work(tx);
      steps.push(['commit']);
    };
    controller = new UserEventsController(
      { within: () => ({ emit }) } as never,
      { set, forget } as never,
      { run } as never,
    );
  });

  it('a registered user is known, and the service commands itself, by the event', async () => {
    await controller.sendEmail(registered, context);
    expect(steps).toEqual([['set', id, 'ada@example.com', 1], ['commit']]);
    const command = expect.objectContaining({
      data: { userId: id, email: 'ada@example.com', name: 'Ada' },
      options: { groupId: id, deduplicationId: 'event-1', causationId: 'event-1' },
    });
    expect(commands).toEqual([['send-welcome-email', command]]);
  });

  it('nothing is committed when the command was not written', async () => {
    answer = throwError(() => new Error('the database is away'));
    await expect(controller.sendEmail(registered, context)).rejects.toThrow('the database is away');
    expect(steps).not.toContainEqual(['commit']);
  });

  it('a new address is known, a deleted user is not', async () => {
    await controller.updateRecipient({ id, email: 'new@example.com', version: 2 }, context);
    await controller.forgetRecipient({ id, version: 3 }, context);
    expect(steps).toEqual([['set', id, 'new@example.com', 2], ['commit'], ['forget', id, 3], ['commit']]);
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
