import { DeadLetter, Discard, RetryLater } from '../../errors/handler-outcomes.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { backoffSeconds, settlementOfFailure, type RetryRules } from './retry-policy.js';

const backoff = { initialSeconds: 2, factor: 3, maxSeconds: 100 };
const rules: RetryRules = { maxReceiveCount: 5, backoff, onGroupFailure: 'block' };
const almostOne = () => 0.999_999;
interface Case extends Partial<RetryRules> {
  attempt?: number;
  fifo?: boolean;
}
const settle = (error: unknown, { attempt = 1, fifo = false, ...changes }: Case = {}) =>
  settlementOfFailure({ error, attempt, fifo }, { ...rules, ...changes }, almostOne);

describe('backoffSeconds', () => {
  it.each([
    [1, 2],
    [2, 6],
    [3, 18],
    [4, 54],
    [5, 100],
    [5_000, 100],
  ])('is at most, before the retry of attempt %i, %i s', (attempt, bound) => {
    expect(backoffSeconds(attempt, backoff, almostOne)).toBe(bound);
  });

  it('spreads over the whole time from 0', () => {
    expect(backoffSeconds(3, backoff, () => 0)).toBe(0);
    expect(backoffSeconds(3, backoff, () => 0.5)).toBe(9);
  });

  it("never exceeds AWS's 12 hours", () => {
    const vast = { initialSeconds: 90_000, factor: 1, maxSeconds: 90_000 };
    expect(backoffSeconds(1, vast, almostOne)).toBe(43_200);
  });
});

describe('settlementOfFailure', () => {
  const error = new Error('the database is away');

  it('tries an unknown failure again after the backoff', () => {
    expect(settle(error, { attempt: 2 })).toEqual({ kind: 'retry', seconds: 6, error });
  });

  it('dead-letters the failure of the last attempt', () => {
    expect(settle(error, { attempt: 4 }).kind).toBe('retry');
    expect(settle(error, { attempt: 5 })).toEqual({ kind: 'dead-letter', error });
  });

  it('deletes what the handler discards, at the last attempt too', () => {
    expect(settle(new Discard('seen before'), { attempt: 5 })).toEqual({ kind: 'delete' });
  });

  it('dead-letters at once what the handler gives up', () => {
    const given = new DeadLetter('no such user');
    expect(settle(given)).toEqual({ kind: 'dead-letter', error: given });
  });

  it.each(['UNPARSABLE_MESSAGE', 'NO_HANDLER'] as const)('dead-letters %s at once', code => {
    expect(settle(new SnsSqsError(code, 'hopeless')).kind).toBe('dead-letter');
  });

  it("tries our own errors of other codes again, a handler's time-out for one", () => {
    expect(settle(new SnsSqsError('HANDLER_TIMEOUT', 'slow')).kind).toBe('retry');
  });

  it('waits as long as the handler asks, in whole seconds, rounded up', () => {
    expect(settle(new RetryLater(7.2))).toMatchObject({ kind: 'retry', seconds: 8 });
  });

  it('does not wait longer than the attempts last', () => {
    expect(settle(new RetryLater(60), { attempt: 5 }).kind).toBe('dead-letter');
  });

  describe("with onGroupFailure 'skip'", () => {
    const skip = { onGroupFailure: 'skip' } as const;

    it('dead-letters the first failure on a FIFO queue, so that its group goes on', () => {
      expect(settle(error, { ...skip, fifo: true }).kind).toBe('dead-letter');
    });

    it('changes nothing on a standard queue', () => {
      expect(settle(error, { ...skip, fifo: false }).kind).toBe('retry');
    });

    it('still waits when the handler asks for it', () => {
      expect(settle(new RetryLater(3), { ...skip, fifo: true })).toMatchObject({ kind: 'retry', seconds: 3 });
    });
  });
});
