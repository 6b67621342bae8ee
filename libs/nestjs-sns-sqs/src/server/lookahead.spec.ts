import { Lookahead } from './lookahead.js';

function lookaheadOf(concurrency = 100) {
  let now = 0;
  const lookahead = new Lookahead(concurrency, () => now);
  /** `perWindow` messages end in each of `windows` windows of 20 ms. */
  const run = (windows: number, perWindow: number): void => {
    for (let window = 0; window < windows; window += 1) {
      for (let end = 0; end < perWindow; end += 1) lookahead.noteEnd();
      now += 20;
      void lookahead.messages;
    }
  };
  return { lookahead, run };
}

describe('Lookahead', () => {
  it('is nothing before anything is known', () => {
    expect(lookaheadOf().lookahead.messages).toBe(0);
  });

  it('is what ends during a receive, a little more, and the rest of a full receive', () => {
    const { lookahead, run } = lookaheadOf();
    lookahead.noteReceive(10);
    run(100, 40);
    expect(lookahead.messages).toBe(Math.ceil(2 * 10 * 1.2) + 9);
  });

  it('is nothing where handlers are slow beside a receive', () => {
    const { lookahead, run } = lookaheadOf();
    lookahead.noteReceive(10);
    run(100, 1);
    expect(lookahead.messages).toBe(0);
  });

  it('is never more than a share of the concurrency', () => {
    const { lookahead, run } = lookaheadOf(10);
    lookahead.noteReceive(100);
    run(100, 400);
    expect(lookahead.messages).toBe(4);
  });

  it('forgets an old rate', () => {
    const { lookahead, run } = lookaheadOf();
    lookahead.noteReceive(10);
    run(100, 40);
    run(100, 0);
    expect(lookahead.messages).toBe(0);
  });
});
