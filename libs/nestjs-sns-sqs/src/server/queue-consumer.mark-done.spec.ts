import { jest } from '@jest/globals';
import { consumerOf as consumerOn, quietLogger, settingsOf, type Handler } from '../../test/consumer.js';
import { message as messageOf, ScriptedQueue } from '../../test/scripted-queue.js';
import { DeadLetter, RetryLater } from '../errors/handler-outcomes.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import { Inbox } from '../inbox/inbox.js';
import { MemoryInboxStore } from '../inbox/memory-inbox-store.js';
import { StoreHealth } from '../inbox/store-health.js';
import type { InboxClaim, InboxDone, InboxStore } from '../interfaces/inbox-store.interface.js';
import type { SqlExecutor } from '../interfaces/sql.interface.js';
import type { SqsMessage } from '../interfaces/wire.interface.js';

/** A transaction of a handler's: what is staged in it happens with its commit. */
class Transaction implements SqlExecutor {
  staged: Array<() => unknown> = [];

  query<Row>(): Promise<{ rows: Row[] }> {
    return Promise.resolve({ rows: [] });
  }

  commit(): void {
    for (const change of this.staged.splice(0)) change();
  }
}

/** The store of a database: in memory, with transactions. */
class DatabaseStore extends MemoryInboxStore {
  override readonly isShared = true as never;
  isAway = false;

  override claim: InboxStore['claim'] & MemoryInboxStore['claim'] = (claim, leaseMs) => {
    if (this.isAway) throw new Error('away');
    return super.claim(claim, leaseMs);
  };

  doneIn(tx: SqlExecutor, claim: InboxClaim, done: InboxDone): Promise<void> {
    if (!this.renew([claim], 30_000)[0]) return Promise.reject(new SnsSqsError('CLAIM_LOST', 'lost'));
    (tx as Transaction).staged.push(() => this.done(claim, done));
    return Promise.resolve();
  }
}

let handles = 0;
const message = (
  id: string,
  { receives = 1, ...event }: { receives?: number; subject?: string; sequence?: string } = {},
) => messageOf(`m-${id}`, { receives, handle: `m-${id}#${(handles += 1)}`, body: JSON.stringify({ id, ...event }) });

interface Setup {
  store?: InboxStore | undefined;
  ordering?: 'none' | 'sequential';
  maxReceiveCount?: number;
  startAt?: number;
}

function consumerOf(
  handler: Handler,
  { store = new DatabaseStore(), ordering = 'none', maxReceiveCount = 3, startAt }: Setup = {},
) {
  const wire = new ScriptedQueue();
  const logger = quietLogger();
  const given = { maxReceiveCount, backoff: { initialSeconds: 8, factor: 1 }, ordering, startAt };
  const health = new StoreHealth({
    queue: 'q',
    store,
    onUnavailable: 'wait',
    logger,
    onFault: () => undefined,
    onRecovery: () => consumer.wake(),
    random: () => 0,
  });
  const rules = { ...settingsOf(false, given), leaseMs: 30_000, rememberForMs: 3_600_000 };
  const inbox = new Inbox({ queue: 'q', store, health, rules });
  let runs = 0;
  const attempts: number[] = [];
  const counted: Handler = (id, context) => {
    runs += 1;
    attempts.push(context.getAttempt());
    return handler(id, context);
  };
  const consumer = consumerOn(wire, counted, { settings: given, inbox, inboxIsShared: true, logger });
  const put = async (...messages: SqsMessage[]): Promise<void> => {
    wire.put(...messages);
    await jest.advanceTimersByTimeAsync(60);
  };
  consumer.start();
  return { put, settled: wire.settled, logger, store, attempts, runs: () => runs, consumer };
}

describe('context.markDoneIn', () => {
  beforeEach(() => {
    jest.useFakeTimers();
    jest.spyOn(Math, 'random').mockReturnValue(0.999);
  });
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  it('marks the event done with the commit, and the message is deleted as ever', async () => {
    const { put, settled, runs } = consumerOf(async (_, context) => {
      const tx = new Transaction();
      await context.markDoneIn(tx);
      tx.commit();
    });
    await put(message('e'));
    await put(message('e', { receives: 2 }));
    expect(runs()).toBe(1);
    expect(settled).toEqual(['m-e deleted', 'm-e deleted']);
  });

  it('advances the position of the subject with the commit', async () => {
    const { put, runs } = consumerOf(
      async (_, context) => {
        const tx = new Transaction();
        await context.markDoneIn(tx);
        tx.commit();
      },
      { ordering: 'sequential' },
    );
    await put(message('one', { subject: 'u', sequence: '1' }));
    await put(message('two', { subject: 'u', sequence: '2' }));
    expect(runs()).toBe(2);
  });

  it('runs the event again after a rollback, and counts the attempt', async () => {
    let fails = true;
    const { put, settled, attempts } = consumerOf(async (_, context) => {
      const tx = new Transaction();
      await context.markDoneIn(tx);
      if (fails) throw new Error('no');
      tx.commit();
    });
    await put(message('e'));
    fails = false;
    await jest.advanceTimersByTimeAsync(9_000);
    await put(message('e', { receives: 2 }));
    expect(attempts).toEqual([1, 2]);
    expect(settled).toEqual(['m-e in 8 s', 'm-e deleted']);
  });

  it.each([new Error('after the commit'), new DeadLetter('after the commit'), new RetryLater(9)])(
    'deletes an event that is committed, whatever its handler throws: %s',
    async thrown => {
      const { put, settled, logger, runs } = consumerOf(
        async (_, context) => {
          const tx = new Transaction();
          await context.markDoneIn(tx);
          tx.commit();
          throw thrown;
        },
        { maxReceiveCount: 1 },
      );
      await put(message('e'));
      await put(message('e', { receives: 2 }));
      expect(runs()).toBe(1);
      expect(settled).toEqual(['m-e deleted', 'm-e deleted']);
      expect(logger.warn).toHaveBeenCalledTimes(1);
      expect(logger.error).not.toHaveBeenCalled();
    },
  );

  it('wakes the next one of its subject, also where its handler throws after the commit', async () => {
    const { put, settled } = consumerOf(
      async (_, context) => {
        const tx = new Transaction();
        await context.markDoneIn(tx);
        tx.commit();
        throw new Error('after the commit');
      },
      { ordering: 'sequential', startAt: 1 },
    );
    await put(message('two', { subject: 'u', sequence: '2' }));
    await put(message('one', { subject: 'u', sequence: '1' }));
    expect(settled).toEqual(['m-two in 30 s', 'm-two in 0 s', 'm-one deleted']);
  });

  it('lets a handler go on after its commit: its claim is no longer renewed, and not lost', async () => {
    let signal: AbortSignal | undefined;
    const { put, settled } = consumerOf(async (_, context) => {
      const tx = new Transaction();
      await context.markDoneIn(tx);
      tx.commit();
      signal = context.getSignal();
      await new Promise(resolve => setTimeout(resolve, 120_000));
    });
    await put(message('e'));
    await jest.advanceTimersByTimeAsync(119_000);
    expect(signal?.aborted).toBe(false);
    await jest.advanceTimersByTimeAsync(2_000);
    expect(settled.at(-1)).toBe('m-e deleted');
  });

  it('costs no attempt and makes no dead letter when another consumer has the event', async () => {
    const store = new DatabaseStore();
    const other: InboxClaim = { queue: 'q', key: '.1:s:e', token: 'other' };
    const { put, settled, logger } = consumerOf(
      async (_, context) => {
        // The lease ends, and another takes it over.
        store.release({ ...(await heldIn(store, other)) }, 'failed');
        void store.claim(other, 60_000);
        await context.markDoneIn(new Transaction());
      },
      { store, maxReceiveCount: 1 },
    );
    await put(message('e'));
    expect(settled).toEqual([expect.stringMatching(/^m-e in \d+ s$/)]);
    expect(logger.error).not.toHaveBeenCalled();
    expect(store.done(other, { rememberForMs: 60_000 })).toBe(true);
  });

  it('asks the database also after a forced stop, so that a handler that swallows the error cannot commit', async () => {
    const store = new DatabaseStore();
    const asked = jest.spyOn(store, 'doneIn');
    let goOn = (): void => undefined;
    let told: unknown;
    const { put, settled, consumer } = consumerOf(
      async (_, context) => {
        await new Promise<void>(resolve => (goOn = resolve));
        told = await context.markDoneIn(new Transaction()).catch((error: unknown) => error);
      },
      { store },
    );
    await put(message('e'));
    const stopping = consumer.stop(1_000);
    await jest.advanceTimersByTimeAsync(1_500);
    await stopping;
    expect(settled).toEqual(['m-e in 0 s']);
    goOn();
    await jest.advanceTimersByTimeAsync(10);
    expect(asked).toHaveBeenCalledTimes(1);
    expect(told).toMatchObject({ code: 'CLAIM_LOST' });
  });

  it('fails, after as many receives as attempts, where another database has lost what the inbox never did', async () => {
    const store = new DatabaseStore();
    store.doneIn = () => Promise.reject(new SnsSqsError('CLAIM_LOST', 'lost'));
    const { put, settled } = consumerOf(async (_, context) => context.markDoneIn(new Transaction()), {
      store,
      maxReceiveCount: 2,
    });
    for (let receives = 1; receives <= 4; receives += 1) {
      await put(message('e', { receives }));
      await jest.advanceTimersByTimeAsync(60_000);
    }
    expect(settled).toEqual(['m-e in 1 s', 'm-e in 1 s', 'm-e in 8 s', 'm-e to dlq', 'm-e deleted']);
  });

  it('leaves a message that may be done until the store can say whether it is', async () => {
    const store = new DatabaseStore();
    const { put, settled } = consumerOf(
      async (_, context) => {
        const tx = new Transaction();
        await context.markDoneIn(tx);
        tx.commit();
        store.isAway = true;
        throw new DeadLetter('after the commit');
      },
      { store },
    );
    await put(message('e'));
    expect(settled).toEqual([expect.stringMatching(/^m-e in \d+ s$/)]);
  });

  it.each<[string, InboxStore | undefined, RegExp]>([['another store', new MemoryInboxStore(), /MemoryInboxStore/]])(
    'is refused with %s',
    async (_, store, why) => {
      const thrown: unknown[] = [];
      const { put } = consumerOf(
        async (__, context) => {
          await context.markDoneIn(new Transaction()).catch((error: unknown) => thrown.push(error));
        },
        { store },
      );
      await put(message('e'));
      expect(thrown).toEqual([
        expect.objectContaining({ code: 'MARK_DONE_UNSUPPORTED', message: expect.stringMatching(why) as string }),
      ]);
    },
  );

  it('is refused without an inbox', async () => {
    const wire = new ScriptedQueue();
    const codes: unknown[] = [];
    const consumer = consumerOn(wire, async (_, context) => {
      await context.markDoneIn(new Transaction()).catch((error: SnsSqsError) => codes.push(error.code));
    });
    consumer.start();
    await wire.deliver(message('e'));
    expect(codes).toEqual(['MARK_DONE_UNSUPPORTED']);
    void consumer.stop(0);
  });
});

/** The claim that is held on the event of another one. */
function heldIn(store: DatabaseStore, { queue, key }: InboxClaim): Promise<InboxClaim> {
  const records = store as unknown as { events: { get(id: string, now: number): { token: string } | undefined } };
  return Promise.resolve({ queue, key, token: records.events.get(`${queue} ${key}`, 0)?.token ?? '' });
}
