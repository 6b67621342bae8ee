import { jest } from '@jest/globals';
import { consumerOf as consumerOn, quietLogger, settingsOf, type Handler } from '../../test/consumer.js';
import { forever, message as messageOf, ScriptedQueue } from '../../test/scripted-queue.js';
import { ClockWatch } from '../async/clock-watch.js';
import type { SqsContext } from '../ctx-host/sqs.context.js';
import { DeadLetter, Discard, RetryLater } from '../errors/handler-outcomes.js';
import { Inbox } from '../inbox/inbox.js';
import { MemoryInboxStore } from '../inbox/memory-inbox-store.js';
import { StoreHealth } from '../inbox/store-health.js';
import type { ConsumerOptions } from '../interfaces/options.interface.js';
import type { InboxStore } from '../interfaces/inbox-store.interface.js';
import type { SqsMessage } from '../interfaces/wire.interface.js';
import { Delivery } from './delivery.js';
import { SoloRuns } from './handle/solo-runs.js';

type Method = 'claim' | 'renew' | 'done' | 'release' | 'ping';

/** A store in memory that fails where a test says so: before the call, or after it, its answer lost. */
class FaultyStore implements InboxStore {
  readonly isShared = true;
  readonly failing = new Map<Method, 'before' | 'after'>();
  /** The store's time goes on where the process stands still, in milliseconds. */
  ahead = 0;
  private readonly inner = new MemoryInboxStore({ now: () => performance.now() + this.ahead });

  fail(how: 'before' | 'after', ...methods: Method[]): void {
    for (const method of methods) this.failing.set(method, how);
  }

  claim: InboxStore['claim'] = (...args) => this.call('claim', () => this.inner.claim(...args));
  renew: InboxStore['renew'] = (...args) => this.call('renew', () => this.inner.renew(...args));
  done: InboxStore['done'] = (...args) => this.call('done', () => this.inner.done(...args));
  release: InboxStore['release'] = (...args) => this.call('release', () => this.inner.release(...args));
  ping: InboxStore['ping'] = () => this.call('ping', () => undefined);

  private async call<T>(method: Method, run: () => T): Promise<T> {
    const how = this.failing.get(method);
    if (how === 'before') throw new Error('away');
    const answer = run();
    if (how === 'after') throw new Error('answer lost');
    return answer;
  }
}

/** One process's way to a store that others share; after a cut nothing of the process is heard of. */
function wayTo(store: FaultyStore): FaultyStore & { cut(): void } {
  const way = new FaultyStore();
  let isCut = false;
  const through =
    <A extends unknown[], R>(call: (...args: A) => R) =>
    (...args: A): R =>
      isCut ? (forever() as R) : call(...args);
  return Object.assign(way, {
    claim: through(store.claim),
    renew: through(store.renew),
    done: through(store.done),
    release: through(store.release),
    ping: through(store.ping),
    cut: () => void (isCut = true),
  });
}

const ALL: Method[] = ['claim', 'renew', 'done', 'release', 'ping'];

interface Event {
  id: string;
  subject?: string;
  sequence?: string;
  group?: string;
  receives?: number;
}

let handles = 0;
/** A message of an event; its handle tells the event, and `+` that it is not the first. */
const message = ({ group, receives = 1, ...event }: Event, messageId = `m-${event.id}`): SqsMessage =>
  messageOf(messageId, { group, receives, handle: `${messageId}#${(handles += 1)}`, body: JSON.stringify(event) });

interface Setup {
  store?: FaultyStore;
  settings?: ConsumerOptions;
  onUnavailable?: 'wait' | 'proceed';
  fifo?: boolean;
  watch?: ClockWatch;
  solo?: SoloRuns;
}

function consumerOf(
  handler: Handler,
  {
    store = new FaultyStore(),
    settings = {},
    onUnavailable = 'wait',
    fifo = false,
    watch,
    solo = new SoloRuns(),
  }: Setup = {},
) {
  const handled: string[] = [];
  const faults: string[] = [];
  const wire = new ScriptedQueue();
  const logger = quietLogger();
  const given = { maxReceiveCount: 3, backoff: { initialSeconds: 8, factor: 1 }, ...settings };
  const health = new StoreHealth({
    queue: 'q',
    store,
    onUnavailable,
    logger,
    onFault: error => faults.push(error.code),
    onRecovery: () => {
      faults.push('recovered');
      consumer.wake();
    },
    random: () => 0,
  });
  const rules = { ...settingsOf(fifo, given), leaseMs: 30_000, rememberForMs: 3_600_000 };
  const inbox = new Inbox({ queue: 'q', store, health, rules });
  const counted: Handler = (id, context) => {
    handled.push(id);
    return handler(id, context);
  };
  const consumer = consumerOn(wire, counted, {
    fifo,
    settings: given,
    inbox,
    inboxIsShared: true,
    logger,
    watch,
    solo,
  });
  const put = async (...messages: SqsMessage[]): Promise<void> => {
    wire.put(...messages);
    await jest.advanceTimersByTimeAsync(60);
  };
  consumer.start();
  return { consumer, store, inbox, wire, settled: wire.settled, handled, put, logger, faults };
}

describe('QueueConsumer with an inbox', () => {
  beforeEach(() => {
    jest.useFakeTimers();
    jest.spyOn(Math, 'random').mockReturnValue(0.999);
  });
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  it('deletes a duplicate of what is done without running it', async () => {
    const { put, handled, settled, inbox } = consumerOf(() => Promise.resolve());
    await put(message({ id: 'e' }, 'one'));
    await put(message({ id: 'e' }, 'two'));
    expect(handled).toEqual(['e']);
    expect(settled).toEqual(['one deleted', 'two deleted']);
    expect(inbox.counts.duplicate).toBe(1);
  });

  it('does not run a duplicate of what is in work: it comes again soon, and that costs no attempt', async () => {
    const store = new FaultyStore();
    const first = consumerOf(forever, { store });
    await first.put(message({ id: 'e' }, 'one'));
    const attempts: number[] = [];
    const second = consumerOf((_, context) => Promise.resolve(attempts.push(context.getAttempt())), { store });
    await second.put(message({ id: 'e' }, 'two'));
    expect(second.handled).toEqual([]);
    expect(second.settled).toEqual(['two in 1 s']);
    void first.consumer.stop(0);
    await jest.advanceTimersByTimeAsync(60_000);
    await second.put(message({ id: 'e', receives: 9 }, 'two'));
    // Neither what waited nor what a stop cut off is an attempt.
    expect(attempts).toEqual([1]);
    expect(second.settled).toContain('two deleted');
  });

  it.each<[string, Error, string[]]>([
    ['another error', new Error('no'), ['m-e in 8 s']],
    ['RetryLater', new RetryLater(9), ['m-e in 9 s']],
  ])('runs an event again after %s', async (_, error, expected) => {
    let fails = true;
    const { put, handled, settled } = consumerOf(() => (fails ? Promise.reject(error) : Promise.resolve()));
    await put(message({ id: 'e' }));
    expect(settled).toEqual(expected);
    fails = false;
    await jest.advanceTimersByTimeAsync(9_000);
    await put(message({ id: 'e', receives: 2 }));
    expect(handled).toEqual(['e', 'e']);
    expect(settled).toEqual([...expected, 'm-e deleted']);
  });

  it('remembers what was discarded as done', async () => {
    const { put, handled } = consumerOf(() => Promise.reject(new Discard('obsolete')));
    await put(message({ id: 'e' }, 'one'));
    await put(message({ id: 'e' }, 'two'));
    expect(handled).toEqual(['e']);
  });

  it('runs a dead letter that is redriven, from its first attempt', async () => {
    const attempts: number[] = [];
    const { put, settled } = consumerOf((_, context) => {
      attempts.push(context.getAttempt());
      return attempts.length === 1 ? Promise.reject(new DeadLetter('never')) : Promise.resolve();
    });
    await put(message({ id: 'e' }, 'one'));
    await put(message({ id: 'e' }, 'redriven'));
    expect(attempts).toEqual([1, 1]);
    expect(settled).toEqual(['one to dlq', 'one deleted', 'redriven deleted']);
  });

  it('does not run it again when the copy to the dead letter queue failed: it is only copied again, with the first reason', async () => {
    const { put, handled, settled, wire } = consumerOf(() => Promise.reject(new DeadLetter('never')));
    wire.sendBatch.mockImplementation((_, entries) =>
      Promise.resolve({
        successful: [],
        failed: entries.map(({ id }) => ({ id, code: 'AccessDenied', message: 'no', senderFault: true })),
      }),
    );
    await put(message({ id: 'e' }));
    await put(message({ id: 'e', receives: 2 }));
    expect(handled).toEqual(['e']);
    expect(settled.filter(what => what.endsWith('deleted'))).toEqual([]);
    const letters = wire.sendBatch.mock.calls.flatMap(([, entries]) => entries);
    expect(letters).toHaveLength(2);
    expect(letters.map(({ attributes }) => attributes['deadletter.reason']?.StringValue)).toEqual(['never', 'never']);
  });

  it('does not delete what it could not mark done, until it can; then the effect has happened once', async () => {
    const { put, store, handled, settled, faults } = consumerOf(() => Promise.resolve());
    store.fail('before', 'done', 'ping');
    await put(message({ id: 'e' }));
    await jest.advanceTimersByTimeAsync(5_000);
    expect(settled).toEqual([]);
    store.failing.clear();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(settled).toEqual(['m-e deleted']);
    expect(handled).toEqual(['e']);
    expect(faults).toEqual(['INBOX_UNAVAILABLE', 'recovered']);
  });

  it('marks it done when the store is back after longer than the claim lasted, unless it was taken over by then', async () => {
    const { put, store, handled, settled, wire } = consumerOf(() => Promise.resolve());
    store.fail('before', ...ALL.filter(method => method !== 'claim'));
    await put(message({ id: 'e' }));
    await jest.advanceTimersByTimeAsync(300_000);
    expect(wire.changeVisibilityBatch).toHaveBeenCalled();
    expect(settled.filter(what => what.endsWith('deleted'))).toEqual([]);
    store.failing.clear();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(settled.filter(what => what.endsWith('deleted'))).toEqual(['m-e deleted']);
    await put(message({ id: 'e' }, 'twice'));
    expect(handled).toEqual(['e']);
  });

  it('takes a done whose answer was lost for done when it asks again', async () => {
    const { put, store, settled } = consumerOf(() => Promise.resolve());
    store.fail('after', 'done');
    await put(message({ id: 'e' }));
    expect(settled).toEqual([]);
    store.failing.clear();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(settled).toEqual(['m-e deleted']);
  });

  it('leaves a message to SQS, its handler told to stop, when the store is away for longer than the claim lasts', async () => {
    let context: SqsContext | undefined;
    const { put, store, settled } = consumerOf((_, given) => ((context = given), forever()));
    await put(message({ id: 'e' }));
    store.fail('before', ...ALL);
    await jest.advanceTimersByTimeAsync(20_000);
    expect(context?.getSignal().aborted).toBe(false);
    await jest.advanceTimersByTimeAsync(20_000);
    expect(context?.getSignal().reason).toMatchObject({
      message: expect.stringMatching(/claim in the inbox/) as string,
    });
    expect(settled.filter(what => !what.endsWith('in 30 s'))).toEqual([]);
  });

  it('settles nothing of an event that was taken over', async () => {
    const store = new FaultyStore();
    let finish: () => void = () => undefined;
    const slow = consumerOf(() => new Promise<void>(resolve => (finish = resolve)), { store });
    await slow.put(message({ id: 'e' }, 'one'));
    // This process stands still for longer than its lease.
    store.ahead = 31_000;
    const quick = consumerOf(() => Promise.resolve(), { store });
    await quick.put(message({ id: 'e', receives: 2 }, 'one'));
    expect(quick.settled).toEqual(['one deleted']);
    finish();
    await jest.advanceTimersByTimeAsync(60);
    expect(slow.settled).toEqual([]);
    expect(slow.inbox.counts.leaseLost).toBe(1);
  });

  it('does not begin under a claim whose lease was over when the store answered, and uses up no attempt', async () => {
    const store = new FaultyStore();
    const { claim } = store;
    let answer: () => void = () => undefined;
    store.claim = async (...args) => {
      const result = await claim(...args);
      await new Promise<void>(resolve => (answer = resolve));
      return result;
    };
    const attempts: number[] = [];
    const slow = consumerOf((_, context) => void attempts.push(context.getAttempt()), { store });
    await slow.put(message({ id: 'e' }));
    await jest.advanceTimersByTimeAsync(31_000);
    store.claim = claim;
    answer();
    await jest.advanceTimersByTimeAsync(60);
    expect(slow.handled).toEqual([]);
    expect(slow.faults).toEqual(['INBOX_UNAVAILABLE']);
    await jest.advanceTimersByTimeAsync(5_000);
    await slow.put(message({ id: 'e', receives: 2 }));
    expect(attempts).toEqual([1]);
    expect(slow.faults).toEqual(['INBOX_UNAVAILABLE', 'recovered']);
  });

  it('does not begin under a claim that was made before the machine was suspended', async () => {
    const store = new FaultyStore();
    const { claim } = store;
    store.claim = async (...args) => {
      const result = await claim(...args);
      // The answer is read after it.
      store.ahead = 3_600_000;
      jest.setSystemTime(Date.now() + 3_600_000);
      store.claim = claim;
      return result;
    };
    const attempts: number[] = [];
    const { put } = consumerOf((_, context) => void attempts.push(context.getAttempt()), {
      store,
      watch: new ClockWatch(),
    });
    await put(message({ id: 'e' }));
    expect(attempts).toEqual([]);
    await put(message({ id: 'e', receives: 2 }));
    expect(attempts).toEqual([1]);
  });

  it('tells a handler to stop whose claim was taken over', async () => {
    const store = new FaultyStore();
    let context: SqsContext | undefined;
    const slow = consumerOf((_, given) => ((context = given), forever()), { store });
    await slow.put(message({ id: 'e' }, 'one'));
    store.ahead = 31_000;
    await consumerOf(forever, { store }).put(message({ id: 'e' }, 'two'));
    await jest.advanceTimersByTimeAsync(10_000);
    expect(context?.getSignal().aborted).toBe(true);
  });

  describe('whose message was lost while its handler ran', () => {
    async function lost(handler: (finished: Promise<void>, context: SqsContext) => Promise<void>) {
      let finish: () => void = () => undefined;
      const store = new FaultyStore();
      const first = consumerOf((_, context) => handler(new Promise(resolve => (finish = resolve)), context), { store });
      first.wire.changeVisibilityBatch.mockImplementationOnce((_, entries) =>
        Promise.resolve({
          successful: [],
          failed: entries.map(({ id }) => ({ id, code: 'ReceiptHandleIsInvalid', message: 'gone', senderFault: true })),
        }),
      );
      await first.put(message({ id: 'e' }));
      await jest.advanceTimersByTimeAsync(10_000);
      const end = async (): Promise<void> => {
        finish();
        await jest.advanceTimersByTimeAsync(60);
      };
      return { first, end, other: consumerOf(() => Promise.resolve(), { store }) };
    }

    it('has the claim for as long as the handler runs, so that nobody begins beside it', async () => {
      const { end, other } = await lost(finished => finished);
      await jest.advanceTimersByTimeAsync(50_000);
      await other.put(message({ id: 'e', receives: 2 }));
      expect(other.handled).toEqual([]);
      await end();
      await other.put(message({ id: 'e', receives: 3 }));
      expect([other.handled, other.settled.at(-1)]).toEqual([[], 'm-e deleted']);
    });

    it('does not take the event for done when the handler has its signal, and may have stopped', async () => {
      const { first, end, other } = await lost((finished, context) => {
        context.getSignal();
        return finished;
      });
      await end();
      await other.put(message({ id: 'e', receives: 2 }));
      expect([first.settled, other.handled]).toEqual([[], ['e']]);
    });

    it('takes the event for done when the handler never asked for its signal: it has finished', async () => {
      const { first, end, other } = await lost(finished => finished);
      await end();
      expect(first.settled).toEqual([]);
      await other.put(message({ id: 'e', receives: 2 }));
      expect([other.handled, other.settled]).toEqual([[], ['m-e deleted']]);
      await first.put(message({ id: 'e', receives: 3 }));
      expect([first.handled, first.settled]).toEqual([['e'], ['m-e deleted']]);
    });
  });

  it('claims nothing that may be suspected while another suspect runs alone: the death would count for both', async () => {
    const solo = new SoloRuns();
    const other = new Delivery({ MessageId: 'other' }, 0, 0);
    solo.begin(other);
    const { put, handled, settled, store } = consumerOf(() => undefined, { solo });
    const claim = jest.spyOn(store, 'claim');
    await put(messageOf('m', { receives: 3 }), messageOf('n', { receives: 2 }));
    expect(claim).toHaveBeenCalledTimes(1);
    expect(handled).toEqual(['n']);
    expect(settled).toEqual(['n deleted', 'm in 2 s']);
    solo.end(other);
    await put(messageOf('m', { receives: 4 }));
    expect(handled).toEqual(['n', 'm']);
  });

  it('receives and handles nothing while the store is away, and recovers alone', async () => {
    const { put, store, handled, settled, wire, faults } = consumerOf(() => Promise.resolve());
    store.fail('before', ...ALL);
    await put(message({ id: 'e' }));
    expect(settled).toEqual(['m-e in 8 s']);
    const receives = wire.receive.mock.calls.length;
    await jest.advanceTimersByTimeAsync(30_000);
    expect(wire.receive).toHaveBeenCalledTimes(receives);
    store.failing.clear();
    await jest.advanceTimersByTimeAsync(5_000);
    await put(message({ id: 'e', receives: 2 }));
    expect(handled).toEqual(['e']);
    expect(faults).toEqual(['INBOX_UNAVAILABLE', 'recovered']);
  });

  it('handles without the inbox while the store is away, where that is wanted, and says so once a minute', async () => {
    const { put, store, handled, settled, inbox, logger } = consumerOf(() => Promise.resolve(), {
      onUnavailable: 'proceed',
    });
    store.fail('before', ...ALL);
    for (const id of ['a', 'b', 'c']) await put(message({ id }));
    expect(handled).toEqual(['a', 'b', 'c']);
    expect(settled).toEqual(['m-a deleted', 'm-b deleted', 'm-c deleted']);
    expect(inbox.counts.unavailable).toBe(3);
    expect(logger.warn).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(60_000);
    await put(message({ id: 'd' }));
    expect(logger.warn.mock.calls).toEqual([
      [expect.stringContaining('1 message(s) handled without it')],
      [expect.stringContaining('4 message(s) handled without it')],
    ]);
  });

  it('gives a claim back whose answer was lost, so that the event does not wait for its lease', async () => {
    const { put, store, handled, settled } = consumerOf(() => Promise.resolve());
    store.fail('after', 'claim');
    await put(message({ id: 'e' }));
    expect(handled).toEqual([]);
    store.failing.clear();
    await jest.advanceTimersByTimeAsync(1_000);
    await put(message({ id: 'e', receives: 2 }));
    expect(handled).toEqual(['e']);
    expect(settled).toEqual(['m-e in 8 s', 'm-e deleted']);
  });

  it('does not run for ever what its process dies of', async () => {
    const store = new FaultyStore();
    for (let deaths = 0; deaths < 3; deaths += 1) {
      const way = wayTo(store);
      const dying = consumerOf(forever, { store: way });
      await dying.put(message({ id: 'e', receives: deaths + 1 }));
      expect(dying.handled).toEqual(['e']);
      way.cut();
      void dying.consumer.stop(0);
      await jest.advanceTimersByTimeAsync(31_000);
    }
    const { put, handled, settled, wire } = consumerOf(() => Promise.resolve(), { store });
    await put(message({ id: 'e', receives: 9 }));
    expect(handled).toEqual([]);
    expect(settled).toEqual(['m-e to dlq', 'm-e deleted']);
    const [letter] = wire.sendBatch.mock.calls.flatMap(([, entries]) => entries);
    expect(letter?.attributes['deadletter.error']?.StringValue).toBe('ATTEMPTS_EXHAUSTED');
    expect(letter?.attributes['deadletter.attempts']?.StringValue).toBe('3');
  });

  it('holds a FIFO group behind a message that may not run yet', async () => {
    const store = new FaultyStore();
    await consumerOf(forever, { store, fifo: true }).put(message({ id: 'head', group: 'g' }));
    const { put, handled, settled } = consumerOf(() => Promise.resolve(), { store, fifo: true });
    await put(message({ id: 'head', group: 'g' }), message({ id: 'tail', group: 'g' }));
    expect(handled).toEqual([]);
    expect(settled.toSorted()).toEqual(['m-head in 1 s', 'm-tail in 1 s']);
  });

  it('uses the key that the user makes, and dead-letters what has none that can be used', async () => {
    const { put, handled, settled } = consumerOf(() => Promise.resolve(), {
      settings: { inboxKey: ({ id }) => (id === 'bad' ? '' : id.slice(0, 1)) },
    });
    await put(message({ id: 'a1' }));
    await put(message({ id: 'a2' }));
    await put(message({ id: 'bad' }));
    expect(handled).toEqual(['a1']);
    expect(settled).toEqual(['m-a1 deleted', 'm-a2 deleted', 'm-bad to dlq', 'm-bad deleted']);
  });

  describe('in order', () => {
    const event = (sequence: string, receives = 1): SqsMessage =>
      message({ id: `v${sequence}`, subject: 's', sequence, receives });

    it('latest: skips what is older than the last one done', async () => {
      const { put, handled, settled, inbox } = consumerOf(() => Promise.resolve(), {
        settings: { ordering: 'latest' },
      });
      for (const sequence of ['2', '1', '10', '9']) await put(event(sequence));
      expect(handled).toEqual(['v2', 'v10']);
      expect(settled).toHaveLength(4);
      expect(inbox.counts.older).toBe(2);
    });

    it('sequential: puts early ones off and skips older ones', async () => {
      const { put, handled, settled, inbox } = consumerOf(() => Promise.resolve(), {
        settings: { ordering: 'sequential' },
      });
      for (const sequence of ['1', '3', '2', '1']) await put(event(sequence));
      await put(event('3', 2));
      expect(handled).toEqual(['v1', 'v2', 'v3']);
      expect(settled).toEqual(['m-v1 deleted', 'm-v3 in 30 s', 'm-v2 deleted', 'm-v1 deleted', 'm-v3 deleted']);
      expect(inbox.counts).toMatchObject({ early: 1, overGap: 0 });
    });

    it.each<['proceed' | 'dead-letter' | 'wait', string[]]>([
      ['proceed', ['m-v3 deleted']],
      ['dead-letter', ['m-v3 to dlq', 'm-v3 deleted']],
      ['wait', ['m-v3 in 120 s']],
    ])('sequential: when the gap times out, %s', async (onGapTimeout, expected) => {
      const { put, settled } = consumerOf(() => Promise.resolve(), {
        settings: { ordering: 'sequential', startAt: 1, gapTimeoutMs: 60_000, onGapTimeout },
      });
      await put(event('1'));
      await put(event('3'));
      await jest.advanceTimersByTimeAsync(60_000);
      settled.length = 0;
      await put(event('3', 2));
      expect(settled).toEqual(expected);
    });

    it('has one event of a subject in work over all processes', async () => {
      const store = new FaultyStore();
      const settings = { ordering: 'latest' } as const;
      await consumerOf(forever, { store, settings }).put(event('1'));
      const { put, handled, settled } = consumerOf(() => Promise.resolve(), { store, settings });
      await put(event('2'));
      expect(handled).toEqual([]);
      expect(settled).toEqual(['m-v2 in 1 s']);
    });

    it.each([
      ['no sequence', { id: 'e', subject: 's' }],
      ['no subject', { id: 'e', sequence: '1' }],
      ['a sequence of words', { id: 'e', subject: 's', sequence: 'one' }],
      ['a negative sequence', { id: 'e', subject: 's', sequence: '-1' }],
    ])('dead-letters %s, or runs it where that is wanted', async (_, bad) => {
      const strict = consumerOf(() => Promise.resolve(), { settings: { ordering: 'latest' } });
      await strict.put(message(bad));
      expect(strict.settled).toEqual(['m-e to dlq', 'm-e deleted']);
      const lenient = consumerOf(() => Promise.resolve(), {
        settings: { ordering: 'latest', onInvalidSequence: 'proceed' },
      });
      await lenient.put(message(bad));
      expect(lenient.settled).toEqual(['m-e deleted']);
      expect(lenient.handled).toEqual(['e']);
    });
  });
});
