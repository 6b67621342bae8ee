import { ReceivePace } from './receive-pace.js';

function paceOf(concurrency = 100) {
  let now = 0;
  const pace = new ReceivePace(concurrency, () => now);
  /** `perWindow` messages end in each of `windows` windows of 20 ms. */
  const run = (windows: number, perWindow: number): void => {
    for (let window = 0; window < windows; window += 1) {
      for (let end = 0; end < perWindow; end += 1) pace.noteEnd();
      now += 20;
      void pace.prefetch;
    }
  };
  return { pace, run };
}

describe('ReceivePace', () => {
  it('looks ahead by nothing before anything is known', () => {
    expect(paceOf().pace.prefetch).toBe(0);
  });

  it('looks ahead by what ends during a receive, a little more, and the rest of a full receive', () => {
    const { pace, run } = paceOf();
    pace.noteReceive(10);
    run(100, 40);
    expect(pace.prefetch).toBe(Math.ceil(2 * 10 * 1.2) + 9);
  });

  it('looks ahead by nothing where handlers are slow beside a receive', () => {
    const { pace, run } = paceOf();
    pace.noteReceive(10);
    run(100, 1);
    expect(pace.prefetch).toBe(0);
  });

  it('never looks ahead by more than a share of the concurrency', () => {
    const { pace, run } = paceOf(10);
    pace.noteReceive(100);
    run(100, 400);
    expect(pace.prefetch).toBe(4);
  });

  it('forgets an old rate', () => {
    const { pace, run } = paceOf();
    pace.noteReceive(10);
    run(100, 40);
    run(100, 0);
    expect(pace.prefetch).toBe(0);
  });

  it('lets ten receives be under way before anything is known', () => {
    const { pace, run } = paceOf();
    expect(pace.receives).toBe(10);
    run(100, 400);
    expect(pace.receives).toBe(10);
  });

  it('lets two and a half times the receives be under way that carry what is handled, by the quickest of them', () => {
    const { pace, run } = paceOf();
    for (const ms of [50, 10, 90]) pace.noteReceive(ms);
    run(100, 400);
    expect(pace.receives).toBe((2.5 * 20 * 10) / 10);
  });

  it('forgets a receive that was quicker than they are now', () => {
    const { pace, run } = paceOf();
    pace.noteReceive(10);
    run(500, 400);
    pace.noteReceive(30);
    expect(pace.receives).toBe(50);
    run(500, 400);
    pace.noteReceive(30);
    expect(pace.receives).toBe(150);
  });
});
