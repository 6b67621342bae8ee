import fc from 'fast-check';
import { SqsClock } from './sqs-clock.js';

const SQS = Date.UTC(2026, 0, 1);

describe('SqsClock', () => {
  const clocks = { monotonic: 0, wall: 0 };
  const clockOf = () => new SqsClock({ now: () => clocks.monotonic, wallNow: () => clocks.wall });
  beforeEach(() => void Object.assign(clocks, { monotonic: 1_000, wall: 77 }));

  it('goes by the wall clock until SQS has said what time it is, and what time it is at least', () => {
    const clock = clockOf();
    clock.note({ receiveCount: 1, receivedAt: 1_000, firstReceivedAt: undefined });
    expect(clock.now()).toBe(77);
    clock.note({ receiveCount: 2, receivedAt: 1_000, firstReceivedAt: SQS });
    expect(clock.now()).toBe(SQS);
    clocks.wall = SQS + 5_000;
    expect(clock.now()).toBe(SQS + 5_000);
    expect(clock.since(SQS, 60_000)).toBe(5_000);
  });

  it('does not believe a wall clock by which a message would be older than its queue keeps one', () => {
    const clock = clockOf();
    clocks.wall = SQS + 7_200_000;
    expect(clock.since(SQS, 3_600_000)).toBe(7_200_000);
    clock.note({ receiveCount: 2, receivedAt: 1_000, firstReceivedAt: SQS });
    clocks.monotonic = 61_000;
    expect(clock.since(SQS - 10_000, 3_600_000)).toBe(70_000);
  });

  it('goes by the first receive of a message, whatever the wall clock does', () => {
    const clock = clockOf();
    clock.note({ receiveCount: 1, receivedAt: 1_000, firstReceivedAt: SQS });
    Object.assign(clocks, { monotonic: 61_000, wall: 7_200_000 });
    expect(clock.now()).toBe(SQS + 60_000);
    // That was the time of another receive.
    clock.note({ receiveCount: 3, receivedAt: 61_000, firstReceivedAt: SQS });
    expect(clock.now()).toBe(SQS + 60_000);
  });

  it('is not behind a stamp that it sees: the monotonic clock stands still while the machine sleeps', () => {
    const clock = clockOf();
    clock.note({ receiveCount: 1, receivedAt: 1_000, firstReceivedAt: SQS });
    clock.note({ receiveCount: 2, receivedAt: 1_000, firstReceivedAt: SQS + 600_000 });
    expect(clock.now()).toBe(SQS + 600_000);
    clock.note({ receiveCount: 1, receivedAt: 1_000, firstReceivedAt: SQS + 900_000 });
    expect(clock.now()).toBe(SQS + 900_000);
  });

  describe('by the dates of answers', () => {
    /** An answer that states `date` comes now, to a receive that began `tookMs` ago. */
    const answer = (clock: SqsClock, date: number, tookMs = 0) => clock.noteDate(date, clocks.monotonic - tookMs);

    it('counts what the monotonic clock has missed', () => {
      const clock = clockOf();
      expect(clock.elapsed()).toBe(1_000);
      answer(clock, SQS);
      clocks.monotonic = 4_000;
      answer(clock, SQS + 3_000);
      expect(clock.elapsed()).toBe(4_000);
      // The machine was suspended for ten minutes; a date lacks up to a second.
      answer(clock, SQS + 603_000);
      expect(clock.elapsed()).toBe(603_000);
    });

    it('knows the time of SQS before any message is received for the first time, whatever the wall clock says', () => {
      const clock = clockOf();
      clocks.wall = SQS + 7_200_000;
      answer(clock, SQS);
      clock.note({ receiveCount: 4, receivedAt: 1_000, firstReceivedAt: SQS - 60_000 });
      clocks.monotonic = 11_000;
      expect(clock.now()).toBe(SQS + 10_000);
      expect(clock.since(SQS - 60_000, 3_600_000)).toBe(70_000);
    });

    it('takes no late answer, and no coarse date, for a leap', () => {
      const clock = clockOf();
      // It took five seconds to come.
      answer(clock, SQS - 5_000, 5_000);
      answer(clock, SQS);
      clocks.monotonic = 1_900;
      answer(clock, SQS + 1_000);
      expect(clock.elapsed()).toBe(1_900);
    });

    it('tells how long something takes that began after a leap, when later dates tell of the leap more exactly', () => {
      const clock = clockOf();
      answer(clock, SQS);
      // SQS is at 600.9 s.
      answer(clock, SQS + 600_000);
      const beganAt = clock.elapsed();
      clocks.monotonic += 100;
      answer(clock, SQS + 601_000);
      expect(clock.elapsed() - beganAt).toBe(100);
      answer(clock, SQS + 1_201_000);
      expect(clock.elapsed() - beganAt).toBeGreaterThan(599_000);
    });

    it('tells no more than what passes, however often the machine sleeps', () => {
      const clock = clockOf();
      answer(clock, SQS);
      // SQS is at 600.9 s.
      answer(clock, SQS + 600_000);
      clocks.monotonic += 100;
      answer(clock, SQS + 601_000);
      const beganAt = clock.elapsed();
      answer(clock, SQS + 1_201_000);
      expect(clock.elapsed() - beganAt).toBeGreaterThan(598_000);
      expect(clock.elapsed() - beganAt).toBeLessThanOrEqual(600_000);
    });

    it('never tells of more than what has passed since an answer, whatever the dates and sleeps', () => {
      const step = fc.record({
        awakeMs: fc.oneof(fc.nat(3_000), fc.nat(60_000)),
        sleepsMs: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(3_000), fc.nat(7_200_000)),
        pollMs: fc.nat(20_000),
        travelMs: fc.nat(500),
      });
      fc.assert(
        fc.property(fc.nat(999), fc.array(step, { minLength: 1, maxLength: 12 }), (ms, steps) => {
          Object.assign(clocks, { monotonic: 1_000, wall: 77 });
          const clock = clockOf();
          let sqs = SQS + ms;
          const pass = (awakeMs: number, sleepsMs = 0): void => {
            clocks.monotonic += awakeMs;
            sqs += awakeMs + sleepsMs;
          };
          const seen: Array<{ sqs: number; elapsed: number }> = [];
          for (const { awakeMs, sleepsMs, pollMs, travelMs } of steps) {
            pass(awakeMs, sleepsMs);
            const startedAt = clocks.monotonic;
            pass(pollMs);
            const date = Math.floor(sqs / 1_000) * 1_000;
            pass(travelMs);
            clock.noteDate(date, startedAt);
            const now = { sqs, elapsed: clock.elapsed() };
            for (const then of seen) expect(now.elapsed - then.elapsed).toBeLessThanOrEqual(now.sqs - then.sqs);
            // A poll of 20 s leaves open when it was answered, a way of 500 ms when the answer left, and each of two dates
            // the part of a second that it leaves out.
            const last = seen.at(-1) ?? now;
            expect(now.elapsed - last.elapsed).toBeGreaterThanOrEqual(now.sqs - last.sqs - 22_500);
            seen.push(now);
          }
        }),
        { numRuns: 500 },
      );
    });

    it('does not run away where servers answer in turn whose clocks differ', () => {
      const clock = clockOf();
      for (let turn = 0; turn < 10; turn += 1) answer(clock, SQS + (turn % 2) * 5_000);
      expect(clock.elapsed()).toBe(5_000);
    });

    it('ends a delay when SQS says so, where its clock stands still and is moved', () => {
      const clock = clockOf();
      answer(clock, SQS);
      clocks.monotonic = 21_000;
      answer(clock, SQS);
      clocks.monotonic = 26_000;
      const delay = clock.delayOf(5);
      clocks.monotonic = 27_000;
      answer(clock, SQS);
      expect(clock.leftMs(delay)).toBe(4_000);
      answer(clock, SQS + 5_000);
      expect(clock.leftMs(delay)).toBe(0);
    });

    it('ends a delay when SQS says so after a sleep, though a long poll before hides how long that was', () => {
      const clock = clockOf();
      answer(clock, SQS, 20_000);
      const delay = clock.delayOf(60);
      answer(clock, SQS + 60_000);
      expect(clock.elapsed()).toBe(clocks.monotonic + 39_000);
      expect(clock.leftMs(delay)).toBe(0);
    });
  });
});
