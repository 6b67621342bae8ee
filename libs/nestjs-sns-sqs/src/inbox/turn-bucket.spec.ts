import { turnRate, fullBucket, isFreshAt, takeTurn, type TurnBucket } from './turn-bucket.js';

interface Waiting {
  at: number;
  hasWaited: boolean;
  returns: number;
  id: number;
}

/**
 * Messages of one key, which come at `arrivals` and again when they were told to, in whole seconds as SQS does it. Gives
 * when each one ran, and how often each was received.
 */
function simulate(limit: { messages: number; perSeconds: number }, arrivals: readonly number[], untilMs: number) {
  const rate = turnRate(limit);
  const bucket = fullBucket(rate, 0);
  let waiting: Waiting[] = arrivals.map((at, id) => ({ at, hasWaited: false, returns: 1, id }));
  const ran: Array<{ at: number; id: number; returns: number }> = [];
  for (;;) {
    waiting.sort((a, b) => a.at - b.at);
    const [next, ...others] = waiting;
    if (!next || next.at > untilMs) break;
    waiting = others;
    const waitMs = takeTurn(bucket, next.hasWaited, rate, next.at);
    if (waitMs === 0) ran.push({ at: next.at, id: next.id, returns: next.returns });
    else {
      const seconds = Math.min(3_600, Math.max(1, Math.ceil(waitMs / 1000)));
      // A receive takes some milliseconds.
      const at = next.at + seconds * 1000 + ((next.id * 7) % 13);
      waiting.push({ ...next, at, hasWaited: true, returns: next.returns + 1 });
    }
  }
  return { ran, bucket };
}

const inMinute = (ran: ReadonlyArray<{ at: number }>, from: number): number =>
  ran.filter(({ at }) => at >= from && at < from + 60_000).length;

describe('takeTurn', () => {
  it.each([
    { messages: 10, perSeconds: 1 },
    { messages: 100, perSeconds: 60 },
    { messages: 3, perSeconds: 1 },
    { messages: 10, perSeconds: 60 },
  ])('lets a flood through at %p, all of it, each after few receives', limit => {
    const perMinute = (limit.messages / limit.perSeconds) * 60;
    const count = Math.ceil(perMinute * 4);
    const { ran } = simulate(
      limit,
      Array.from({ length: count }, (_, n) => n * 5),
      600_000,
    );
    expect(ran).toHaveLength(count);
    for (const from of [0, 60_000, 120_000]) {
      expect(inMinute(ran, from)).toBeLessThanOrEqual(perMinute * 1.05 + 1);
      expect(inMinute(ran, from)).toBeGreaterThanOrEqual(perMinute * 0.93 - 1);
    }
    expect(Math.max(...ran.map(({ returns }) => returns))).toBeLessThanOrEqual(8);
    expect(ran.reduce((sum, { returns }) => sum + returns, 0) / count).toBeLessThan(3);
  });

  it('does not let those that are new overtake those that wait, while more come than may run', () => {
    const limit = { messages: 5, perSeconds: 1 };
    const { ran } = simulate(
      limit,
      Array.from({ length: 3_000 }, (_, n) => n * 100),
      300_000,
    );
    // Twice as many as may run: what came in the first half has run at the end.
    const early = ran.filter(({ id }) => id < 1_200).length;
    expect(early).toBeGreaterThan(1_150);
    expect(ran.length).toBeGreaterThan(5 * 300 * 0.95);
  });

  it('gives those that are new the turns of those that never come', () => {
    const rate = turnRate({ messages: 2, perSeconds: 1 });
    const bucket: TurnBucket = fullBucket(rate, 0);
    for (let n = 0; n < 100; n += 1) takeTurn(bucket, false, rate, 0);
    // Full after 2 s, and full for 3 s.
    expect(takeTurn(bucket, false, rate, 4_900)).toBeGreaterThan(0);
    for (let n = 0; n < 4; n += 1) expect(takeTurn(bucket, false, rate, 5_100)).toBe(0);
    expect(takeTurn(bucket, false, rate, 5_100)).toBe(500);
  });

  it('is as good as new when it is full and nobody waits', () => {
    const rate = turnRate({ messages: 2, perSeconds: 1 });
    const bucket = fullBucket(rate, 0);
    expect(isFreshAt(bucket, rate)).toBe(0);
    takeTurn(bucket, false, rate, 0);
    expect(isFreshAt(bucket, rate)).toBe(500);
    for (let n = 0; n < 9; n += 1) takeTurn(bucket, false, rate, 0);
    expect(isFreshAt(bucket, rate)).toBe(3_000);
  });

  it('gives nothing for a clock that was set back', () => {
    const rate = turnRate({ messages: 1, perSeconds: 1 });
    const bucket = fullBucket(rate, 10_000);
    for (let n = 0; n < 2; n += 1) takeTurn(bucket, false, rate, 10_000);
    expect(takeTurn(bucket, true, rate, 5_000)).toBeGreaterThan(0);
  });

  it.each([
    ['half a second after the last turn', { messages: 2, perSeconds: 3 }, { filled: 0.6666666666666665, afterMs: 500 }],
    [
      'where a turn takes less than the clock can tell',
      { messages: 1_000_000, perSeconds: 0.1 },
      { filled: 0, afterMs: 0 },
    ],
  ])('lets nothing run that gets a place in a line: %s', (_, limit, { filled, afterMs }) => {
    const rate = turnRate(limit);
    const ask = (now: number, hasWaited: boolean): boolean => {
      const bucket: TurnBucket = { ...fullBucket(rate, now), filled };
      const waitMs = takeTurn(bucket, hasWaited, rate, now + afterMs);
      const isInLine = Math.max(bucket.lineEndsAt, bucket.againEndsAt) > -Infinity;
      return isInLine ? waitMs >= 1 : waitMs === 0;
    };
    // Of a clock whose numbers are so large that sums are rounded.
    const times = Array.from({ length: 1_000 }, (_none, ms) => 1_767_225_600_417 + ms);
    expect(times.filter(now => !ask(now, false) || !ask(now, true))).toEqual([]);
  });
});
