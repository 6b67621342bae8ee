import { jest } from '@jest/globals';
import { consumerOf, decodeById, settingsOf, type ConsumerSetup } from '../../test/consumer.js';
import { message, ScriptedQueue } from '../../test/scripted-queue.js';
import { Inbox } from '../inbox/inbox.js';
import { MemoryInboxStore } from '../inbox/memory-inbox-store.js';
import { StoreHealth } from '../inbox/store-health.js';
import type { SqsMessage } from '../interfaces/wire.interface.js';

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);
const throws = (): never => {
  throw Object.assign(new Error('x'), { message: ['user code is broken'] });
};
const rejects = (): Promise<never> => Promise.reject(new Error('user code is broken'));
const hangs = (): Promise<never> => new Promise(() => undefined);

/** A consumer with one slot, so that a message which keeps it leaves the others without a handler. */
const SETTINGS = { concurrency: 1, handlerTimeoutMs: 1_000, maxReceiveCount: 1 };

function inboxBy(inboxKey: () => unknown): Inbox {
  const store = new MemoryInboxStore();
  const common = { logger: { warn: () => undefined }, onFault: () => undefined, onRecovery: () => undefined };
  const health = new StoreHealth({ queue: 'q', store, onUnavailable: 'wait', ...common });
  const rules = {
    ...settingsOf(false, SETTINGS),
    leaseMs: 30_000,
    rememberForMs: 3_600_000,
    inboxKey: ({ id }: { id: string }) => (id === 'bad' ? inboxKey() : undefined) as undefined,
  };
  return new Inbox({ queue: 'q', namespace: 'q', store, health, rules });
}

const forBad =
  (broken: () => unknown) =>
  (given: SqsMessage): never =>
    (given.MessageId === 'bad' ? broken() : decodeById(given)) as never;

describe('code of the user that is broken for one message', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it.each<[string, (broken: () => unknown) => ConsumerSetup]>([
    ['inboxKey', broken => ({ inbox: inboxBy(broken) })],
    ['isPermanent', broken => ({ settings: { ...SETTINGS, isPermanent: broken as () => boolean } })],
    ['the decoder', broken => ({ decode: forBad(broken) })],
    [
      'the start hook',
      broken => ({
        hooks: async (context, work) => (context.getMessage().MessageId === 'bad' ? void (await broken()) : work()),
      }),
    ],
    ['the handler', () => ({})],
  ])('%s: it throws or rejects, and all others are handled', async (what, setupOf) => {
    for (const broken of [throws, rejects]) {
      const queue = new ScriptedQueue();
      const handled: string[] = [];
      const handler = (id: string): unknown => {
        if (id === 'bad' && (what === 'the handler' || what === 'isPermanent')) return broken();
        handled.push(id);
        return undefined;
      };
      const consumer = consumerOf(queue, handler, { settings: SETTINGS, ...setupOf(broken) });
      consumer.start();
      await queue.deliver(message('a'), message('bad'), message('b'));
      await queue.deliver(message('c'));
      await pass(5_000);
      expect(handled.filter(id => id !== 'bad').toSorted()).toEqual(['a', 'b', 'c']);
      expect(queue.settled.filter(line => line.startsWith('bad')).length).toBeGreaterThan(0);
      expect(consumer.snapshot()).toMatchObject({ inFlight: 0, running: 0 });
      const stopped = consumer.stop(0);
      await pass(5_000);
      await stopped;
    }
  });

  it('a handler that hangs keeps one slot, and the others are handled', async () => {
    const queue = new ScriptedQueue();
    const handled: string[] = [];
    const handler = (id: string): unknown => (id === 'bad' ? hangs() : handled.push(id));
    const consumer = consumerOf(queue, handler, { settings: { ...SETTINGS, concurrency: 2 } });
    consumer.start();
    await queue.deliver(message('bad'), message('a'));
    await queue.deliver(message('b'));
    await pass(2_000);
    expect(handled).toEqual(['a', 'b']);
    expect(consumer.snapshot()).toMatchObject({ running: 1, overdue: 1 });
    const stopped = consumer.stop(0);
    await pass(5_000);
    await stopped;
  });

  it.each(['log', 'warn', 'error'] as const)('a logger whose %s throws leaves every message settled', async level => {
    const queue = new ScriptedQueue();
    const quiet = { log: () => undefined, warn: () => undefined, error: () => undefined };
    const consumer = consumerOf(queue, throws, {
      settings: { ...SETTINGS, maxReceiveCount: 2 },
      logger: { ...quiet, [level]: throws },
    });
    consumer.start();
    await queue.deliver(message('a'));
    await queue.deliver(message('b'));
    await pass(5_000);
    expect(queue.settled.map(line => line.slice(0, 4)).toSorted()).toEqual(['a in', 'b in']);
    const stopped = consumer.stop(0);
    await pass(5_000);
    await stopped;
  });
});
