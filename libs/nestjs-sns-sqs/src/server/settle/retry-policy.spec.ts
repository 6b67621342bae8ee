import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeadLetter, Discard, RetryLater } from '../../errors/handler-outcomes.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { SQS_DEFAULT_BACKOFF } from '../../constants.js';
import {
  DEAD_LETTER_RULES,
  backoffSeconds,
  beforeExpiry,
  leastDelaySeconds,
  sparingReceives,
  settlementOfFailure,
  shortestScheduleSeconds,
  unknownTypeWaitSeconds,
  type RetryRules,
  type Settlement,
} from './retry-policy.js';

const backoff = { initialSeconds: 2, factor: 3, maxSeconds: 100 };
const rules: RetryRules = {
  maxReceiveCount: 5,
  backoff,
  onGroupFailure: 'block',
  retryLaterForSeconds: 3_600,
  unknownTypeGraceSeconds: 900,
  retentionSeconds: 1_209_600,
  isPermanent: () => false,
};
const almostOne = () => 0.999_999;
interface Case extends Partial<RetryRules> {
  attempt?: number;
  fifo?: boolean;
  retryLaterSeconds?: number;
}
const settle = (error: unknown, { attempt = 1, fifo = false, retryLaterSeconds = 0, ...changes }: Case = {}) =>
  settlementOfFailure(
    { error, attempt, fifo, retryLaterMs: () => retryLaterSeconds * 1000 },
    { ...rules, ...changes },
    almostOne,
  );

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

  it('is shorter by up to a fifth, so that many do not come at once', () => {
    expect(backoffSeconds(5, backoff, () => 0)).toBe(80);
    expect(backoffSeconds(5, backoff, () => 0.5)).toBe(90);
  });

  it('with the defaults outlasts an outage of 15 minutes, and is over within an hour', () => {
    const total = (random: () => number) =>
      [1, 2, 3, 4].reduce((sum, attempt) => sum + backoffSeconds(attempt, SQS_DEFAULT_BACKOFF, random), 0);
    expect(total(() => 0)).toBeGreaterThanOrEqual(15 * 60);
    expect(total(() => 0)).toBe(shortestScheduleSeconds(4, SQS_DEFAULT_BACKOFF));
    expect(total(almostOne)).toBeLessThanOrEqual(60 * 60);
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
    expect(settle(error, { attempt: 5 })).toEqual({ kind: 'dead-letter', rule: 'attempts-used-up', error });
  });

  it('deletes what the handler discards, at the last attempt too', () => {
    expect(settle(new Discard('seen before'), { attempt: 5 })).toEqual({ kind: 'delete' });
  });

  it('dead-letters at once what the handler gives up', () => {
    const given = new DeadLetter('no such user');
    expect(settle(given)).toEqual({ kind: 'dead-letter', rule: 'asked-for', error: given });
  });

  it.each(['UNPARSABLE_MESSAGE', 'NO_HANDLER'] as const)('dead-letters %s at once', code => {
    expect(settle(new SnsSqsError(code, 'hopeless'))).toMatchObject({ kind: 'dead-letter', rule: 'permanent' });
  });

  it("tries our own errors of other codes again, a handler's time-out for one", () => {
    expect(settle(new SnsSqsError('HANDLER_TIMEOUT', 'slow')).kind).toBe('retry');
  });

  it('waits as long as the handler asks, in whole seconds, rounded up', () => {
    expect(settle(new RetryLater(7.2))).toMatchObject({ kind: 'retry', seconds: 8 });
  });

  it('counts no attempt while the handler asks to be tried later, and then each', () => {
    expect(settle(new RetryLater(60), { attempt: 5 })).toMatchObject({ kind: 'retry', seconds: 60, isFree: true });
    expect(settle(new RetryLater(60), { attempt: 5, retryLaterSeconds: 3_599 })).toMatchObject({ isFree: true });
    expect(settle(new RetryLater(60), { attempt: 4, retryLaterSeconds: 3_600 })).not.toHaveProperty('isFree');
    expect(settle(new RetryLater(60), { attempt: 5, retryLaterSeconds: 3_600 })).toMatchObject({
      kind: 'dead-letter',
      rule: 'attempts-used-up',
    });
  });

  it('dead-letters at once what is permanent by its predicate, and not what that cannot judge', () => {
    expect(settle(error, { isPermanent: thrown => thrown === error })).toMatchObject({ rule: 'permanent' });
    const broken = (): never => {
      throw new Error('the predicate');
    };
    expect(settle(error, { isPermanent: broken }).kind).toBe('retry');
  });

  describe("with onGroupFailure 'skip'", () => {
    const skip = { onGroupFailure: 'skip' } as const;

    it('dead-letters the first failure on a FIFO queue, so that its group goes on', () => {
      expect(settle(error, { ...skip, fifo: true })).toMatchObject({
        kind: 'dead-letter',
        rule: 'skipped-for-its-group',
      });
    });

    it('changes nothing on a standard queue', () => {
      expect(settle(error, { ...skip, fifo: false }).kind).toBe('retry');
    });

    it('still waits when the handler asks for it', () => {
      expect(settle(new RetryLater(3), { ...skip, fifo: true })).toMatchObject({ kind: 'retry', seconds: 3 });
    });
  });
});

describe('sparingReceives', () => {
  const later: Settlement = { kind: 'retry', seconds: 5, error: new Error('later'), isFree: true };

  it.each([
    [499, 5],
    [500, 60],
    [700, 600],
    [900, 3_600],
    [980, 43_200],
  ])('after %i receives it waits %i s at least', (receives, seconds) => {
    expect(sparingReceives(later, receives)).toEqual({ ...later, seconds });
  });

  it('leaves what waits longer, and what does not come again', () => {
    const gone: Settlement = { kind: 'delete' };
    const long: Settlement = { ...later, seconds: 7_200 };
    expect(sparingReceives(gone, 999)).toBe(gone);
    expect(sparingReceives(long, 950)).toBe(long);
  });

  it('its delays reach beyond the 14 days for which a queue keeps a message, before the 1,000th receive', () => {
    let seconds = 0;
    for (let receives = 1; receives < 1_000; receives += 1) seconds += leastDelaySeconds(receives);
    expect(seconds).toBeGreaterThan(14 * 86_400);
  });
});

describe('beforeExpiry', () => {
  const retry: Settlement = { kind: 'retry', seconds: 900, error: new Error('no') };
  const day = 86_400;

  it('leaves what comes again in time, what is deleted, and what SQS gave no age for', () => {
    expect(beforeExpiry(retry, 13 * day, rules)).toBe(retry);
    expect(beforeExpiry(retry, undefined, rules)).toBe(retry);
    expect(beforeExpiry(retry, 5 * 365 * day, rules)).toBe(retry);
    const gone: Settlement = { kind: 'delete' };
    expect(beforeExpiry(gone, 14 * day, rules)).toBe(gone);
  });

  it.each<Settlement>([retry, { kind: 'wait', seconds: 900, why: 'early' }])(
    'dead-letters what would come again after its queue has dropped it: %p',
    settlement => {
      expect(beforeExpiry(settlement, 14 * day - 4_000, rules)).toMatchObject({
        kind: 'dead-letter',
        rule: 'expiring',
        error: { code: 'MESSAGE_EXPIRING' },
      });
    },
  );
});

it.each([
  [0, 1],
  [45_000, 5],
  [900_000, 30],
])('a message of an unknown type that has waited %i ms waits %i s more', (waitedMs, seconds) => {
  expect(unknownTypeWaitSeconds(waitedMs)).toBe(seconds);
});

it('docs/retries.md tells of every rule by which a message is dead-lettered, and of no other', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../../../docs/retries.md'), 'utf8');
  const [, section = ''] = page.split('## Why was a message dead-lettered?');
  const documented = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| `([a-z-]+)` +\|/gm)].map(([, rule]) => rule);
  expect([...new Set(documented)].toSorted()).toEqual([...DEAD_LETTER_RULES].toSorted());
});
