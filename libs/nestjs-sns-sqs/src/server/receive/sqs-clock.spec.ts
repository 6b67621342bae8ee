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

  it('counts the time that has passed for SQS: what the monotonic clock missed too, by the dates of its answers', () => {
    const clock = clockOf();
    expect(clock.elapsed()).toBe(1_000);
    clock.noteDate(SQS);
    expect(clock.elapsed()).toBe(1_000);
    clocks.monotonic = 4_000;
    expect(clock.elapsed()).toBe(4_000);
    // The machine was suspended.
    clock.noteDate(SQS + 603_000);
    expect(clock.elapsed()).toBe(604_000);
    // An answer that was late, and one from a server whose clock is behind.
    clock.noteDate(SQS + 590_000);
    expect(clock.elapsed()).toBe(604_000);
  });
});
