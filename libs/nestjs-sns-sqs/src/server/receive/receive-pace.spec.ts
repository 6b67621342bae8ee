import { jest } from '@jest/globals';
import { consumerOf } from '../../../test/consumer.js';
import { message, succeeded } from '../../../test/scripted-queue.js';
import type { SqsWire } from '../../interfaces/wire.interface.js';
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
  return { pace, run, pass: (ms: number) => void (now += ms) };
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

  it('never looks ahead by more than four messages for each slot', () => {
    const { pace, run } = paceOf(10);
    pace.noteReceive(100);
    run(100, 400);
    expect(pace.prefetch).toBe(40);
  });

  it('forgets an old rate', () => {
    const { pace, run } = paceOf();
    pace.noteReceive(10);
    run(100, 40);
    run(100, 0);
    expect(pace.prefetch).toBe(0);
  });

  it('forgets it at once where nothing was asked for some time', () => {
    const { pace, run, pass } = paceOf();
    pace.noteReceive(10);
    run(100, 40);
    pass(1_000);
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

/** Every call takes so long, in milliseconds. */
const CALL_MS = 10;
const SLOTS = 100;

/** A queue that is never empty. */
function endlessQueue(): SqsWire {
  let sent = 0;
  const after = <T>(answer: () => T): Promise<T> =>
    new Promise(resolve => setTimeout(() => resolve(answer()), CALL_MS));
  return {
    receive: ({ maxMessages }) => after(() => Array.from({ length: maxMessages }, () => message(`m${(sent += 1)}`))),
    deleteBatch: (_, entries) => after(() => undefined).then(() => succeeded(entries)),
    changeVisibilityBatch: (_, entries) => succeeded(entries),
    sendBatch: (_, entries) => succeeded(entries),
  };
}

describe('the pace of a consumer with 100 slots, where each call takes 10 ms', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it.each([
    [20, 0.95, 200],
    [10, 0.9, 200],
    [5, 0.8, 400],
    [2, 0.6, 600],
  ])('handlers of %i ms: at least %d of what the slots allow', async (handlerMs, share, warmMs) => {
    let ended = 0;
    const handler = () => new Promise<void>(resolve => setTimeout(() => resolve(void (ended += 1)), handlerMs));
    const consumer = consumerOf(endlessQueue(), handler, { settings: { concurrency: SLOTS } });
    consumer.start();
    await jest.advanceTimersByTimeAsync(warmMs);
    const before = ended;
    await jest.advanceTimersByTimeAsync(100);
    const allowed = (SLOTS * 100) / handlerMs;
    expect((ended - before) / allowed).toBeGreaterThanOrEqual(share);
    const stopped = consumer.stop(1_000);
    await jest.advanceTimersByTimeAsync(1_000);
    await stopped;
  });
});
