import { Delivery } from '../delivery.js';
import { AttemptCounter } from './attempt-counter.js';

const NOW = Date.UTC(2026, 0, 1);
const received = (messageId: string, times: number, firstSecondsAgo?: number) =>
  new Delivery(
    {
      MessageId: messageId,
      Attributes: {
        ApproximateReceiveCount: String(times),
        ...(firstSecondsAgo !== undefined && {
          ApproximateFirstReceiveTimestamp: String(NOW - firstSecondsAgo * 1000),
        }),
      },
    },
    0,
    0,
  );
const backoff = { initialSeconds: 10, factor: 1, maxSeconds: 10 };

function counter({
  fifo = false,
  maxReceiveCount = 5,
  now = () => 0,
}: { fifo?: boolean; maxReceiveCount?: number; now?: () => number } = {}) {
  return new AttemptCounter({ fifo, rules: { maxReceiveCount, backoff }, now, sqsNow: () => NOW });
}

describe('AttemptCounter on a standard queue', () => {
  it('counts the receives of others as attempts, as far as they can have been', () => {
    expect(counter().attemptOf(received('a', 3)).counted).toBe(3);
    expect(counter().attemptOf(received('a', 5)).counted).toBe(5);
    // More than are allowed: not all of them were attempts.
    expect(counter().attemptOf(received('a', 6)).counted).toBe(1);
    expect(counter().attemptOf(received('a', 60)).counted).toBe(1);
  });

  it('counts none of them that came quicker than the backoff lets attempts come', () => {
    // Four delays of 8 s at least.
    expect(counter().attemptOf(received('a', 4, 40)).counted).toBe(4);
    expect(counter().attemptOf(received('a', 4, 20)).counted).toBe(1);
  });

  it('makes none the last one before this process knows that it has failed for as long as the backoff takes', () => {
    let now = 0;
    const attempts = counter({ now: () => now });
    // Four receives by others in an hour: nobody knows whether any of them was an attempt.
    expect(attempts.attemptOf(received('a', 5, 3_600))).toEqual({ number: 5, counted: 4, made: 5 });
    attempts.noteFailed('a', 10);
    // Four delays of 8 s at least, each a second shorter at SQS.
    for (const [seconds, counted] of [
      [10, 4],
      [27, 4],
      [28, 5],
    ] as const) {
      now = seconds * 1000;
      expect(attempts.attemptOf(received('a', 5, 3_600 + seconds)).counted).toBe(counted);
    }
  });

  it('ends what fails here for three quarters of an hour, although others receive it more often than it may be tried', () => {
    let now = 0;
    const attempts = counter({ now: () => now });
    attempts.noteFailed('a');
    now = 44 * 60_000;
    expect(attempts.attemptOf(received('a', 9)).counted).toBe(2);
    now = 45 * 60_000;
    expect(attempts.attemptOf(received('a', 9))).toEqual({ number: 2, counted: 5, made: 2 });
  });

  it('counts what it did itself, and nothing of what it gave back', () => {
    const attempts = counter();
    attempts.noteUncounted('a');
    attempts.noteUncounted('a');
    expect(attempts.attemptOf(received('a', 3)).counted).toBe(1);
    attempts.noteFailed('a');
    expect(attempts.attemptOf(received('a', 4)).counted).toBe(2);
    expect(attempts.attemptOf(received('b', 3)).counted).toBe(3);
  });

  it('knows what comes before it was to be tried again, and lets it wait for the rest', () => {
    let now = 0;
    const attempts = counter({ now: () => now });
    expect(attempts.earlyMs(received('a', 2))).toBe(0);
    attempts.noteFailed('a', 100);
    attempts.noteFree('b', 3_600);
    now = 30_000;
    expect(attempts.earlyMs(received('a', 2))).toBe(70_000);
    expect(attempts.earlyMs(received('b', 2))).toBe(3_570_000);
    now = 99_500;
    expect(attempts.earlyMs(received('a', 3))).toBe(0);
  });

  it("makes none of a store's attempts the last one before the backoff's time has passed since the first", () => {
    // Four delays of 8 s at least, each a second shorter at SQS.
    expect(counter().attemptOf(received('a', 5, 3_600), 5, { sinceFirstMs: 27_999 })).toEqual({
      number: 5,
      counted: 4,
      made: 5,
    });
    expect(counter().attemptOf(received('a', 5, 0), 5, { sinceFirstMs: 28_000 })).toEqual({
      number: 5,
      counted: 5,
      made: 5,
    });
    // Seven copies of an event have ten attempts within seconds; each copy is new to SQS.
    expect(counter().attemptOf(received('copy', 1, 0), 10, { sinceFirstMs: 5_000 })).toEqual({
      number: 10,
      counted: 4,
      made: 10,
    });
    expect(counter().attemptOf(received('copy', 1, 0), 70, { sinceFirstMs: 5_000 }).counted).toBe(4);
    expect(counter().attemptOf(received('copy', 2, 20), 11, { sinceFirstMs: 28_000 }).counted).toBe(11);
    // A store that does not know, or whose clock was set back.
    expect(counter().attemptOf(received('a', 6, 3_600), 6).counted).toBe(4);
    expect(counter().attemptOf(received('a', 6, 3_600), 6, { sinceFirstMs: -86_400_000 }).counted).toBe(4);
  });

  it('gives a copy of what was dead-lettered one attempt more, and what was redriven since all of them', () => {
    const attempts = counter();
    const letter = { sinceLetterMs: 600_000 };
    expect(attempts.attemptOf(received('copy', 3, 1_200), 1, letter)).toEqual({ number: 1, counted: 5, made: 1 });
    expect(attempts.attemptOf(received('redriven', 2, 599), 1, letter).counted).toBe(1);
    expect(attempts.attemptOf(received('redriven', 2, 630), 1, letter).counted).toBe(1);
    expect(attempts.attemptOf(received('redriven', 1), 1, letter).counted).toBe(1);
  });

  it('knows itself how long a message has failed where the store does not', () => {
    let now = 0;
    const attempts = counter({ now: () => now });
    attempts.noteFailed('a', 10);
    now = 28_000;
    expect(attempts.attemptOf(received('a', 6, 3_600), 6).counted).toBe(6);
    expect(attempts.attemptOf(received('a', 6, 3_600), 6, { sinceFirstMs: -86_400_000 }).counted).toBe(6);
  });

  it('ends a copy that has failed often enough here when the store began anew, since another copy was dead-lettered', () => {
    let now = 0;
    const attempts = counter({ now: () => now });
    for (let times = 0; times < 4; times += 1) attempts.noteFailed('copy', 10);
    now = 60_000;
    expect(attempts.attemptOf(received('copy', 5, 60), 1)).toEqual({ number: 1, counted: 5, made: 1 });
    expect(attempts.attemptOf(received('other', 5, 60), 1).counted).toBe(1);
  });

  it('counts no attempt for a hundred receives that cost none', () => {
    const attempts = counter();
    for (let times = 1; times <= 100; times += 1) {
      expect(attempts.attemptOf(received('a', times)).counted).toBe(1);
      attempts.noteUncounted('a');
    }
  });

  it('never gives an attempt before the first', () => {
    const attempts = counter();
    for (let times = 0; times < 5; times += 1) attempts.noteUncounted('a');
    expect(attempts.attemptOf(received('a', 2)).counted).toBe(1);
  });
});

describe('AttemptCounter on FIFO', () => {
  it('counts no receive of others: each of a head hands out those behind it', () => {
    const attempts = counter({ fifo: true });
    expect(attempts.attemptOf(received('a', 9)).counted).toBe(1);
    attempts.noteFailed('a');
    expect(attempts.attemptOf(received('a', 12)).counted).toBe(2);
  });

  it('tells the handler of calls that others can have made, and not of receives behind another message', () => {
    const attempts = counter({ fifo: true });
    expect(attempts.attemptOf(received('head', 3))).toEqual({ number: 3, counted: 1, made: 1 });
    attempts.noteBehindAnother(received('tail', 3));
    expect(attempts.attemptOf(received('tail', 3))).toEqual({ number: 1, counted: 1, made: 1 });
    expect(attempts.attemptOf(received('head', 30))).toEqual({ number: 1, counted: 1, made: 1 });
  });

  it('ends what fails in several processes for three quarters of an hour', () => {
    let now = 0;
    const attempts = counter({ fifo: true, now: () => now });
    attempts.noteFailed('a');
    now = 44 * 60_000;
    expect(attempts.attemptOf(received('a', 9)).counted).toBe(2);
    now = 45 * 60_000;
    expect(attempts.attemptOf(received('a', 9))).toEqual({ number: 2, counted: 5, made: 2 });
    expect(attempts.attemptOf(received('a', 3)).counted).toBe(2);
  });
});

describe('AttemptCounter', () => {
  it.each([true, false])(
    'tells the handler of each of its calls, and counts those that cost an attempt (FIFO: %p)',
    fifo => {
      const attempts = counter({ fifo });
      attempts.noteFree('a', 1);
      attempts.noteFree('a', 1);
      expect(attempts.attemptOf(received('a', 3))).toEqual({ number: 3, counted: 1, made: 3 });
      attempts.noteFailed('a');
      expect(attempts.attemptOf(received('a', 4))).toEqual({ number: 4, counted: 2, made: 4 });
    },
  );

  it('takes the count of a store that all processes share, and adds the calls that cost none', () => {
    const attempts = counter();
    expect(attempts.attemptOf(received('a', 1), 3)).toEqual({ number: 3, counted: 3, made: 3 });
    attempts.noteFree('a', 1);
    expect(attempts.attemptOf(received('a', 9), 2)).toEqual({ number: 3, counted: 2, made: 3 });
  });

  it('forgets a message that is settled', () => {
    const attempts = counter();
    attempts.noteUncounted('a');
    attempts.forget('a');
    expect(attempts.attemptOf(received('a', 2)).counted).toBe(2);
  });

  it.each([true, false])('counts what it has forgotten in the favour of the message (FIFO: %p)', fifo => {
    const attempts = counter({ fifo });
    for (let times = 0; times < 8; times += 1) attempts.noteUncounted('first');
    for (let at = 0; at < 50_000; at += 1) attempts.noteUncounted(String(at));
    expect(attempts.attemptOf(received('first', 9)).counted).toBe(1);
  });

  it('remembers what was used last', () => {
    const attempts = counter({ fifo: true });
    attempts.noteFailed('first');
    attempts.noteFailed('second');
    attempts.noteFailed('first');
    for (let at = 0; at < 49_999; at += 1) attempts.noteUncounted(String(at));
    expect(attempts.attemptOf(received('second', 9)).counted).toBe(1);
    expect(attempts.attemptOf(received('first', 9)).counted).toBe(3);
  });

  it('measures from the first time, each by itself', () => {
    let now = 1_000;
    const attempts = counter({ now: () => now });
    expect([attempts.retryLaterMs('a'), attempts.unknownTypeMs('a')]).toEqual([0, 0]);
    now = 5_000;
    expect([attempts.retryLaterMs('a'), attempts.unknownTypeMs('a'), attempts.retryLaterMs('b')]).toEqual([
      4_000, 4_000, 0,
    ]);
  });

  it('keeps a verdict until the message is settled', () => {
    const attempts = counter();
    const verdict = { error: new Error('no'), attempt: { number: 5, counted: 5, made: 5 } };
    attempts.decide('a', verdict);
    expect(attempts.verdictOf('a')).toBe(verdict);
    attempts.forget('a');
    expect(attempts.verdictOf('a')).toBeUndefined();
  });
});
