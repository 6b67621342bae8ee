import { jest } from '@jest/globals';
import * as fc from 'fast-check';
import { consumerOf, decodeById, settingsOf, type ConsumerSetup } from '../../test/consumer.js';
import { forever, message, ScriptedQueue, succeeded } from '../../test/scripted-queue.js';
import { Inbox } from '../inbox/inbox.js';
import { MemoryInboxStore } from '../inbox/memory-inbox-store.js';
import { StoreHealth } from '../inbox/store-health.js';
import type { InboxStore } from '../interfaces/inbox-store.interface.js';
import type { BatchResult, SqsMessage, SqsWire } from '../interfaces/wire.interface.js';

/** How long each call takes, in milliseconds. */
interface Slowness {
  claim: number;
  done: number;
  release: number;
  decode: number;
  handler: number;
  receive: number;
  settle: number;
}

const AT_ONCE: Slowness = { claim: 0, done: 0, release: 0, decode: 0, handler: 0, receive: 0, settle: 0 };
const sleep = (ms: number): Promise<void> => new Promise(resolve => void setTimeout(resolve, ms));

/** A consumer over a store, a decoder and a queue that take their time, and a log of what it does. */
function slowConsumer(slow: Slowness, { fifo = false, messages = 3, concurrency = 2, settles = true } = {}) {
  /** What took effect, and how many calls were begun. */
  const log: string[] = [];
  let calls = 0;
  const inner = new MemoryInboxStore();
  const after = async <T>(ms: number, call: () => T): Promise<T> => {
    calls += 1;
    if (ms > 0) await sleep(ms);
    return call();
  };
  const store: InboxStore = {
    isShared: true,
    claim: (...args) => after(slow.claim, () => (log.push('claim'), inner.claim(...args))),
    done: (...args) => after(slow.done, () => (log.push('done'), inner.done(...args))),
    renew: (...args) => inner.renew(...args),
    release: (claim, reason, gapAt) =>
      after(slow.release, () => (log.push(`release ${reason}`), inner.release(claim, reason, gapAt))),
    ping: () => undefined,
  };
  const common = { logger: { warn: () => undefined }, onFault: () => undefined, onRecovery: () => undefined };
  const health = new StoreHealth({ queue: 'q', store, onUnavailable: 'wait', ...common });
  const given = { concurrency, maxReceiveCount: 3 };
  const rules = { ...settingsOf(fifo, given), leaseMs: 30_000, rememberForMs: 3_600_000 };
  const answer = (what: string, ids: string[]): Promise<BatchResult> =>
    after(slow.settle, () => {
      if (!settles) throw new Error('socket hang up');
      log.push(...ids.map(id => `${id} ${what}`));
      return { successful: ids.map((_, id) => ({ id: String(id) })), failed: [] };
    });
  const batch: SqsMessage[] = Array.from({ length: messages }, (_, n) =>
    message(`m${n}`, { group: fifo ? 'g' : undefined, body: JSON.stringify({ id: `e${n}` }) }),
  );
  const wire: SqsWire = {
    receive: async ({ signal }) => {
      if (batch.length > 0) {
        const received = batch.splice(0);
        await sleep(slow.receive);
        return received;
      }
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))));
    },
    deleteBatch: (_, entries) =>
      answer(
        'deleted',
        entries.map(({ receiptHandle }) => receiptHandle),
      ),
    changeVisibilityBatch: (_, entries) =>
      answer(
        'visible',
        entries.map(each => `${each.receiptHandle}@${each.visibilityTimeoutSeconds}`),
      ),
    sendBatch: (_, entries) =>
      answer(
        'copied',
        entries.map(({ id }) => id),
      ),
  };
  const handler = async (): Promise<void> => {
    log.push('begin');
    await sleep(slow.handler);
    log.push('end');
  };
  const inbox = new Inbox({ queue: 'q', store, health, rules });
  const decode: ConsumerSetup['decode'] = sent => after(slow.decode, () => decodeById(sent));
  const consumer = consumerOf(wire, handler, { fifo, settings: given, inbox, inboxIsShared: true, decode });
  const count = (what: RegExp): number => log.filter(entry => what.test(entry)).length;
  return { consumer, log, count, calls: () => calls };
}

/** As on a machine that is busy: from now on each timer of this test fires so much later than it should. */
function delayTimers(lateMs: number): void {
  const { setTimeout: punctual } = globalThis;
  jest.spyOn(globalThis, 'setTimeout').mockImplementation((call, ms = 0) => punctual(call, ms + lateMs));
}

describe('the stop of a QueueConsumer', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.restoreAllMocks().useRealTimers());

  it('begins no handler of a message whose claim comes when it has begun, and gives it back unstarted', async () => {
    const { consumer, log } = slowConsumer({ ...AT_ONCE, claim: 800 }, { messages: 1 });
    consumer.start();
    await jest.advanceTimersByTimeAsync(100);
    const stopped = consumer.stop(20_000);
    await jest.advanceTimersByTimeAsync(1_000);
    await stopped;
    expect(log).toEqual(['claim', 'release unstarted', 'm0@0 visible']);
  });

  it.each([0, 100, 700])('does nothing any more once it has ended, whatever comes late (%d ms)', async timeoutMs => {
    const { consumer, calls } = slowConsumer({ ...AT_ONCE, claim: 10_000, release: 10_000 }, { messages: 1 });
    consumer.start();
    await jest.advanceTimersByTimeAsync(100);
    const stopped = consumer.stop(timeoutMs);
    await jest.advanceTimersByTimeAsync(5_000);
    await stopped;
    const known = calls();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(calls()).toBe(known);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('waits by the clock for what AWS does not answer, and by turns of a busy machine in its grace only', async () => {
    const { consumer } = slowConsumer({ ...AT_ONCE, settle: 1_000_000 }, { messages: 1 });
    consumer.start();
    await jest.advanceTimersByTimeAsync(100);
    delayTimers(200);
    let endedAt = Infinity;
    const begunAt = performance.now();
    const stopped = consumer.stop(20_000).then(() => (endedAt = performance.now()));
    await jest.advanceTimersByTimeAsync(200_000);
    await stopped;
    // 18 s, and 40 turns of 50 ms that take 250 ms each.
    expect(endedAt - begunAt).toBeGreaterThanOrEqual(20_000);
    expect(endedAt - begunAt).toBeLessThan(30_000);
  });

  it('lets what runs go on after the intake was stopped, and settles it', async () => {
    const { consumer, log } = slowConsumer({ ...AT_ONCE, handler: 5_000 }, { messages: 4 });
    consumer.start();
    await jest.advanceTimersByTimeAsync(100);
    consumer.stopIntake();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(log.filter(entry => /visible/.test(entry)).toSorted()).toEqual(['m2@0 visible', 'm3@0 visible']);
    await jest.advanceTimersByTimeAsync(5_000);
    expect(log.filter(entry => /deleted/.test(entry)).toSorted()).toEqual(['m0 deleted', 'm1 deleted']);
    const stopped = consumer.stop(0);
    await jest.advanceTimersByTimeAsync(100);
    await stopped;
    expect(log.filter(entry => entry === 'begin')).toHaveLength(2);
  });

  it.each([0, 40, 200])(
    'leaves a message that it cuts off to others, and not to a receive of its own, where every timer is late by %d ms',
    async lateMs => {
      const queue = new ScriptedQueue();
      queue.changeVisibilityBatch.mockImplementation((_, entries) => {
        queue.settled.push(...entries.map(({ receiptHandle }) => `${receiptHandle} visible`));
        queue.put(
          ...entries.map(({ receiptHandle }) => message('m', { handle: `${receiptHandle} again`, receives: 2 })),
        );
        return succeeded(entries);
      });
      const consumer = consumerOf(queue, forever, { settings: { concurrency: 20, visibilityTimeoutSeconds: 600 } });
      consumer.start();
      queue.put(message('m'));
      await jest.advanceTimersByTimeAsync(0);
      delayTimers(lateMs);
      const stopped = consumer.stop(0);
      await jest.advanceTimersByTimeAsync(10_000);
      await stopped;
      expect(queue.settled).toEqual(['m visible']);
      expect(queue.left).toBe(1);
    },
  );

  it('waits for what it settles while the machine is so busy that every timer is late', async () => {
    const slow = { ...AT_ONCE, handler: 600_000, settle: 6_000 };
    const { consumer, log } = slowConsumer(slow, { messages: 1 });
    consumer.start();
    await jest.advanceTimersByTimeAsync(100);
    delayTimers(200);
    const logAtItsEnd = consumer.stop(0).then(() => [...log]);
    await jest.advanceTimersByTimeAsync(20_000);
    expect(await logAtItsEnd).toEqual(['claim', 'begin', 'release unstarted', 'm0@0 visible']);
  });

  it('in any schedule: no handler begins after the stop has, nothing is done after its end, no timer is left', async () => {
    const ms = fc.constantFrom(0, 1, 50, 300, 3_000, 30_000);
    const schedules = fc.record({
      slow: fc.record({ claim: ms, done: ms, release: ms, decode: ms, handler: ms, receive: ms, settle: ms }),
      fifo: fc.boolean(),
      settles: fc.boolean(),
      startedFor: fc.constantFrom(0, 1, 20, 100, 400, 4_000),
      intakeFor: fc.option(fc.constantFrom(0, 30, 1_000)),
      timeoutMs: fc.constantFrom(0, 100, 2_000, 20_000),
    });
    await fc.assert(
      fc.asyncProperty(schedules, async ({ slow, fifo, settles, startedFor, intakeFor, timeoutMs }) => {
        const { consumer, count, calls } = slowConsumer(slow, { fifo, settles });
        consumer.start();
        await jest.advanceTimersByTimeAsync(startedFor);
        const begun = count(/^begin/);
        if (intakeFor !== null) {
          consumer.stopIntake();
          await jest.advanceTimersByTimeAsync(intakeFor);
        }
        let isStopped = false;
        const stopped = consumer.stop(timeoutMs).then(() => (isStopped = true));
        await jest.advanceTimersByTimeAsync(timeoutMs + 250 + 2_000 + 100);
        expect(isStopped).toBe(true);
        await stopped;
        const known = calls();
        await jest.advanceTimersByTimeAsync(200_000);
        expect(calls()).toBe(known);
        expect(count(/^begin/)).toBe(begun);
        expect(jest.getTimerCount()).toBe(0);
      }),
      { numRuns: 150 },
    );
  });
});
