import { Controller, ValidationPipe, type Type } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { IsEmail, IsNotEmpty } from 'class-validator';
import { DEAD_LETTER_ATTRIBUTES, DeadLetter, Discard, OnDomainEvent, RetryLater, SqsContext } from 'nestjs-sns-sqs';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const QUEUE = 'send-email-on-user-registered';
const DLQ = `${QUEUE}-dlq`;

class UserRegistered {
  @IsEmail()
  email: string;

  @IsNotEmpty()
  name: string;
}

describe('a handler that', () => {
  const here = world();

  /** A use case that does `act` at each attempt, and what it saw. */
  function useCase(act: (attempt: number) => void): { SendEmail: Type; attempts: number[]; messageIds: Set<string> } {
    const attempts: number[] = [];
    const messageIds = new Set<string>();
    @Controller()
    class SendEmail {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
      handle(@Payload() _: UserRegistered, @Ctx() context: SqsContext): void {
        attempts.push(context.getAttempt());
        messageIds.add(context.getMessage().MessageId ?? '');
        act(context.getAttempt());
      }
    }
    return { SendEmail, attempts, messageIds };
  }

  const emit = (data: unknown = { email: 'ada@example.org', name: 'Ada' }) =>
    here.events().emit('user.registered', data);

  it('throws twice and then works is called three times, and the queue ends empty', async () => {
    const { SendEmail, attempts } = useCase(attempt => {
      if (attempt < 3) throw new Error('smtp is down');
    });
    await here.start([SendEmail], { consumer: { maxReceiveCount: 5 } });
    await emit();
    await waitFor('the third attempt', () => attempts.length === 3);
    await here.queue(QUEUE).untilEmpty();
    expect(attempts).toEqual([1, 2, 3]);
    expect(await here.queue(DLQ).size()).toBe(0);
  });

  it('always throws sends the message to the DLQ after maxReceiveCount attempts, with the reason', async () => {
    const { SendEmail, attempts, messageIds } = useCase(attempt => {
      throw new TypeError(`cannot reach smtp, try ${attempt}`);
    });
    await here.start([SendEmail], { consumer: { maxReceiveCount: 3 } });
    await emit({ email: 'ada@example.org' });

    const { body, attributes } = await here.queue(DLQ).takeOne();
    expect(JSON.parse(body)).toMatchObject({ type: 'user.registered', data: { email: 'ada@example.org' } });
    expect(attributes).toMatchObject({
      type: 'user.registered',
      [DEAD_LETTER_ATTRIBUTES.reason]: 'cannot reach smtp, try 3',
      [DEAD_LETTER_ATTRIBUTES.error]: 'TypeError',
      [DEAD_LETTER_ATTRIBUTES.attempts]: '3',
      [DEAD_LETTER_ATTRIBUTES.queue]: `${here.prefix}${QUEUE}`,
      [DEAD_LETTER_ATTRIBUTES.messageId]: [...messageIds][0],
    });
    expect(Date.parse(attributes[DEAD_LETTER_ATTRIBUTES.time] ?? '')).not.toBeNaN();
    expect(attempts).toEqual([1, 2, 3]);
    await here.queue(QUEUE).untilEmpty();
  });

  it('always throws has its original error in the log, once per attempt', async () => {
    const { SendEmail } = useCase(attempt => {
      throw new Error(`cannot reach smtp, try ${attempt}`);
    });
    await here.start([SendEmail], { consumer: { maxReceiveCount: 2 } });
    await emit();
    await here.queue(DLQ).takeOne();
    expect(here.logs.with('cannot reach smtp, try 1')).toHaveLength(1);
    expect(here.logs.with('cannot reach smtp, try 2')).toHaveLength(1);
    expect(here.logs.with('cannot reach smtp, try 1', 'warn')).toHaveLength(1);
    expect(here.logs.with('cannot reach smtp, try 2', 'error')).toHaveLength(1);
    expect(here.logs.with('Internal server error')).toEqual([]);
  });

  it('throws something that is not an Error is retried all the same', async () => {
    const { SendEmail, attempts } = useCase(attempt => {
      // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error
      if (attempt === 1) throw 'a string';
      // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error
      if (attempt === 2) throw undefined;
    });
    await here.start([SendEmail]);
    await emit();
    await waitFor('the third attempt', () => attempts.length === 3);
    await here.queue(QUEUE).untilEmpty();
    expect(here.logs.with('a string', 'warn')).toHaveLength(1);
  });

  it('throws RetryLater is called again after that delay', async () => {
    const times: number[] = [];
    const { SendEmail, attempts } = useCase(attempt => {
      times.push(Date.now());
      if (attempt === 1) throw new RetryLater(1, 'smtp is down');
    });
    await here.start([SendEmail]);
    await emit();
    await waitFor('the second attempt', () => attempts.length === 2);
    await here.queue(QUEUE).untilEmpty();
    const [first = 0, second = 0] = times;
    expect(second - first).toBeGreaterThanOrEqual(950);
    expect(attempts).toEqual([1, 2]);
    expect(here.logs.with('smtp is down', 'warn')).toHaveLength(1);
    expect(here.logs.with('smtp is down', 'error')).toEqual([]);
  });

  it('keeps throwing RetryLater uses up no attempt: the failures after it have all of theirs', async () => {
    const { SendEmail, attempts } = useCase(attempt => {
      if (attempt <= 6) throw new RetryLater(0, 'smtp is still down');
      throw new Error('broken');
    });
    await here.start([SendEmail], { consumer: { maxReceiveCount: 2, backoff: { initialSeconds: 0 } } });
    await emit();
    const { attributes } = await here.queue(DLQ).takeOne();
    expect(attributes[DEAD_LETTER_ATTRIBUTES.reason]).toBe('broken');
    expect(attempts).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('keeps throwing RetryLater for longer than it may ends in the DLQ after maxReceiveCount', async () => {
    const { SendEmail, attempts } = useCase(() => {
      throw new RetryLater(0, 'smtp is still down');
    });
    await here.start([SendEmail], { consumer: { maxReceiveCount: 2, retryLaterForSeconds: 0 } });
    await emit();
    const { attributes } = await here.queue(DLQ).takeOne();
    expect(attributes[DEAD_LETTER_ATTRIBUTES.reason]).toBe('smtp is still down');
    expect(attempts).toEqual([1, 2]);
  });

  it('throws DeadLetter sends the message to the DLQ at once, with that reason', async () => {
    const { SendEmail, attempts } = useCase(() => {
      throw new DeadLetter('unknown template', { cause: new Error('template 7 is not there') });
    });
    await here.start([SendEmail]);
    await emit();
    const { attributes } = await here.queue(DLQ).takeOne();
    expect(attributes).toMatchObject({
      [DEAD_LETTER_ATTRIBUTES.reason]: 'unknown template',
      [DEAD_LETTER_ATTRIBUTES.attempts]: '1',
    });
    expect(attributes[DEAD_LETTER_ATTRIBUTES.details]).toContain('template 7 is not there');
    expect(attempts).toEqual([1]);
    await here.queue(QUEUE).untilEmpty();
  });

  it('throws Discard has acknowledged the message', async () => {
    const { SendEmail, attempts } = useCase(() => {
      throw new Discard('obsolete');
    });
    await here.start([SendEmail]);
    await emit();
    await waitFor('the attempt', () => attempts.length);
    await here.queue(QUEUE).untilEmpty();
    expect(attempts).toEqual([1]);
    expect(await here.queue(DLQ).size()).toBe(0);
    expect(here.logs.with('obsolete')).toHaveLength(1);
    expect(here.logs.with('obsolete', 'error')).toEqual([]);
  });

  it('is guarded by a ValidationPipe: what does not validate is in the DLQ and in the log with its details', async () => {
    const { SendEmail, attempts } = useCase(() => undefined);
    await here.start([SendEmail], {
      consumer: { maxReceiveCount: 2 },
      configure: app => app.useGlobalPipes(new ValidationPipe()),
    });
    await emit({ email: 'not an address', name: '' });
    const { attributes } = await here.queue(DLQ).takeOne();
    const details: unknown = JSON.parse(attributes[DEAD_LETTER_ATTRIBUTES.details] ?? '');
    expect(details).toMatchObject({ message: ['email must be an email', 'name should not be empty'] });
    expect(attributes[DEAD_LETTER_ATTRIBUTES.error]).toBe('BadRequestException');
    expect(attempts).toEqual([]);
    // No retry could mend it.
    expect(here.logs.with('email must be an email', 'error')).toHaveLength(1);
  });
});
