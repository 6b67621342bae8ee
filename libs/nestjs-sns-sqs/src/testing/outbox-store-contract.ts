import assert from 'node:assert/strict';
import type { MaybePromise } from '../interfaces/inbox-store.interface.js';
import type { OutboxMessage, OutboxRow, OutboxStore } from '../interfaces/outbox-store.interface.js';
import type { SqlExecutor } from '../interfaces/sql.interface.js';
import { until } from './contract-claims.js';
import type { ContractRunner } from './inbox-store-contract.js';

/** A transaction that a test ends itself. */
export interface ContractTransaction {
  tx: SqlExecutor;
  commit: () => Promise<void>;
  rollback: () => Promise<void>;
}

/** A store, and the database that it writes to. */
export interface OutboxContractSubject {
  store: OutboxStore;
  begin(): Promise<ContractTransaction>;
  end?(): MaybePromise<void>;
}

const globals: unknown = globalThis;
const LONG_MS = 60_000;
const SHORT_MS = 150;
let tests = 0;

/** The calls of one test, on a destination of its own. */
class Outbox {
  readonly destination = `sns:contract-${process.pid}-${(tests += 1)}-${Math.random().toString(36).slice(2)}`;
  private tokens = 0;
  private messages = 0;

  constructor(private readonly subject: OutboxContractSubject) {}

  get store(): OutboxStore {
    return this.subject.store;
  }

  begin(): Promise<ContractTransaction> {
    return this.subject.begin();
  }

  message(id: string, lane?: string): OutboxMessage {
    const entry = JSON.stringify({ body: `{"number":${(this.messages += 1)}}`, text: 'ä\\u0000"' });
    return { destination: this.destination, id, type: 'user.registered', entry, ...(lane !== undefined && { lane }) };
  }

  async commit(...messages: OutboxMessage[]): Promise<void> {
    const transaction = await this.begin();
    for (const message of messages) await this.store.add(transaction.tx, message, false);
    await transaction.commit();
  }

  token(): string {
    return `${this.destination}/${(this.tokens += 1)}`;
  }

  claim(token = this.token(), leaseMs = LONG_MS, rows = 100, exceptLanes: string[] = []): Promise<OutboxRow[]> {
    return this.store.claim({ destinations: [this.destination], token, leaseMs, rows, exceptLanes });
  }

  async ids(): Promise<string[]> {
    const token = this.token();
    const rows = await this.claim(token);
    await this.store.settle(token, { sent: [], refused: [] });
    return idsOf(rows);
  }
}

const idsOf = (rows: readonly OutboxRow[]): string[] => rows.map(({ id }) => id);
const rowsOf = (rows: readonly OutboxRow[]): string[] => rows.map(({ row }) => row);

/**
 * The behaviour that every `OutboxStore` must have, as tests. `create` is called for each test; each works on a
 * destination of its own, so a database that is there already is fine.
 *
 * @example
 * ```typescript
 * outboxStoreContract('postgres', async () => ({ store: new PostgresOutbox({ pool }), begin: () => beginOf(pool) }));
 * ```
 */
export function outboxStoreContract(
  name: string,
  create: () => MaybePromise<OutboxContractSubject>,
  runner: ContractRunner = globals as ContractRunner,
): void {
  const it = (what: string, run: (outbox: Outbox) => Promise<void>): void => {
    runner.it(what, async () => {
      const subject = await create();
      const outbox = new Outbox(subject);
      try {
        await subject.store.open([outbox.destination]);
        await run(outbox);
      } finally {
        await subject.end?.();
      }
    });
  };

  runner.describe(`${name} as an OutboxStore`, () => {
    it('gives a message as it was written, once its transaction has committed, and not before', async outbox => {
      const message = outbox.message('a', 'user 1');
      const transaction = await outbox.begin();
      await outbox.store.add(transaction.tx, message, false);
      assert.deepEqual(await outbox.ids(), []);
      await transaction.commit();
      const [found] = await outbox.claim();
      assert.deepEqual({ ...found, row: '' }, { ...message, row: '' });
    });

    it('gives nothing of a transaction that was rolled back', async outbox => {
      const transaction = await outbox.begin();
      await outbox.store.add(transaction.tx, outbox.message('a'), false);
      await outbox.store.add(transaction.tx, outbox.message('b', 'user 1'), false);
      await transaction.rollback();
      assert.deepEqual(await outbox.ids(), []);
    });

    it('gives only what the claim asks for', async outbox => {
      await outbox.commit(outbox.message('a'));
      const token = outbox.token();
      const others = { destinations: ['sns:another'], token, leaseMs: LONG_MS, rows: 10, exceptLanes: [] };
      assert.deepEqual(await outbox.store.claim(others), []);
    });

    it('gives a lane in the order of its commits', async outbox => {
      const ids = ['a', 'b', 'c', 'd', 'e'];
      for (const id of ids) await outbox.commit(outbox.message(id, 'user 1'));
      assert.deepEqual(await outbox.ids(), ids);
    });

    it('lets a writer of a lane wait for the one before it, so that the order is that of the commits', async outbox => {
      const first = await outbox.begin();
      const second = await outbox.begin();
      await outbox.store.add(first.tx, outbox.message('a', 'user 1'), false);
      let isWritten = false;
      const writing = outbox.store.add(second.tx, outbox.message('b', 'user 1'), false).then(() => (isWritten = true));
      // Another lane does not wait.
      await outbox.commit(outbox.message('other', 'user 2'));
      assert.deepEqual(await outbox.ids(), ['other']);
      assert.equal(isWritten, false);
      await first.commit();
      await writing;
      await second.commit();
      const lane = (await outbox.claim()).filter(row => row.lane === 'user 1');
      assert.deepEqual(idsOf(lane), ['a', 'b']);
    });

    it('numbers a subject without a gap, rollback included, and each subject by itself', async outbox => {
      const { store, destination } = outbox;
      const next = async (subject: string, commits: boolean): Promise<string> => {
        const transaction = await outbox.begin();
        const number = await store.nextSequence(transaction.tx, destination, subject);
        await (commits ? transaction.commit() : transaction.rollback());
        return number;
      };
      assert.equal(await next('user 1', true), '1');
      assert.equal(await next('user 1', false), '2');
      assert.equal(await next('user 1', true), '2');
      assert.equal(await next('user 2', true), '1');
      assert.equal(await next('user 1', true), '3');
    });

    it('takes a number back in its own transaction, and none that is not the last', async outbox => {
      const { store, destination } = outbox;
      const { tx, commit } = await outbox.begin();
      assert.equal(await store.nextSequence(tx, destination, 'user 1'), '1');
      await store.returnSequence(tx, destination, 'user 1', '1');
      assert.equal(await store.nextSequence(tx, destination, 'user 1'), '1');
      assert.equal(await store.nextSequence(tx, destination, 'user 1'), '2');
      await store.returnSequence(tx, destination, 'user 1', '1');
      assert.equal(await store.nextSequence(tx, destination, 'user 1'), '3');
      await commit();
    });

    it('lets two who number a subject wait for each other, and two subjects go on', async outbox => {
      const { store, destination } = outbox;
      const [first, second, third] = [await outbox.begin(), await outbox.begin(), await outbox.begin()];
      assert.equal(await store.nextSequence(first.tx, destination, 'user 1'), '1');
      const waiting = store.nextSequence(second.tx, destination, 'user 1');
      assert.equal(await store.nextSequence(third.tx, destination, 'user 2'), '1');
      await third.commit();
      await first.commit();
      assert.equal(await waiting, '2');
      await second.commit();
    });

    it('gives a claimed lane to nobody else, until the claim is settled', async outbox => {
      await outbox.commit(outbox.message('a', 'user 1'), outbox.message('b', 'user 1'));
      const token = outbox.token();
      const [a] = await outbox.claim(token);
      assert.equal(a?.id, 'a');
      await outbox.commit(outbox.message('c', 'user 1'));
      assert.deepEqual(await outbox.ids(), []);
      await outbox.store.settle(token, { sent: [a.row], refused: [] });
      assert.deepEqual(await outbox.ids(), ['b', 'c']);
    });

    it('gives two claims no message twice', async outbox => {
      await outbox.commit(
        ...Array.from({ length: 60 }, (_, index) => outbox.message(`${index}`, `user ${index % 20}`)),
      );
      const claims = await Promise.all([outbox.claim(), outbox.claim(), outbox.claim()]);
      const all = claims.flatMap(idsOf);
      assert.equal(new Set(all).size, all.length);
      const lanes = claims.map(rows => new Set(rows.map(({ lane }) => lane)));
      assert.equal(
        lanes.reduce((sum, { size }) => sum + size, 0),
        new Set(lanes.flatMap(lane => [...lane])).size,
      );
    });

    it('gives the messages of a claim that was never settled to another one when its lease is over', async outbox => {
      await outbox.commit(outbox.message('a', 'user 1'));
      assert.deepEqual(idsOf(await outbox.claim(outbox.token(), SHORT_MS)), ['a']);
      assert.deepEqual(await outbox.ids(), []);
      await until(
        async () => (await outbox.ids()).length,
        length => length === 1,
      );
    });

    it('renews a claim for as long as it holds', async outbox => {
      await outbox.commit(outbox.message('a', 'user 1'));
      const [first, second] = [outbox.token(), outbox.token()];
      await outbox.claim(first, SHORT_MS);
      assert.equal(await outbox.store.renew(first, LONG_MS), true);
      assert.deepEqual(await outbox.ids(), []);
      assert.equal(await outbox.store.renew(first, 1), true);
      await until(
        async () => (await outbox.claim(second)).length,
        length => length === 1,
      );
      assert.equal(await outbox.store.renew(first, LONG_MS), false);
    });

    it('takes the result of a claim that was taken over meanwhile, and leaves the other claim as it is', async outbox => {
      await outbox.commit(outbox.message('a', 'user 1'), outbox.message('b', 'user 1'));
      const [first, second] = [outbox.token(), outbox.token()];
      const [a] = await outbox.claim(first, 1);
      await until(
        async () => (await outbox.claim(second)).length,
        length => length === 2,
      );
      await outbox.store.settle(first, { sent: [a?.row ?? ''], refused: [] });
      assert.deepEqual(await outbox.ids(), []);
      await outbox.store.settle(second, { sent: [], refused: [] });
      assert.deepEqual(await outbox.ids(), ['b']);
    });

    it('may be told a result twice', async outbox => {
      await outbox.commit(outbox.message('a'), outbox.message('b'));
      const token = outbox.token();
      const rows = await outbox.claim(token);
      const results = { sent: rowsOf(rows), refused: [] };
      await outbox.store.settle(token, results);
      await outbox.store.settle(token, results);
      assert.deepEqual(await outbox.ids(), []);
    });

    it('keeps what was refused elsewhere, once, and gives the next of its lane', async outbox => {
      await outbox.commit(outbox.message('a', 'user 1'), outbox.message('b', 'user 1'));
      const token = outbox.token();
      const [a] = await outbox.claim(token);
      const refused = [{ row: a?.row ?? '', code: 'MESSAGE_TOO_LARGE', reason: 'it is too large' }];
      await outbox.store.settle(token, { sent: [], refused });
      await outbox.store.settle(token, { sent: [], refused });
      assert.deepEqual(await outbox.ids(), ['b']);
      const [status] = await outbox.store.status([outbox.destination]);
      assert.deepEqual({ ...status, oldestMs: 0 }, { ...statusOf(outbox), waiting: 1, refused: 1 });
    });

    it('leaves lanes out that rest', async outbox => {
      await outbox.commit(outbox.message('a', 'user 1'), outbox.message('b', 'user 2'), outbox.message('c'));
      const rows = await outbox.claim(outbox.token(), LONG_MS, 100, [`${outbox.destination} user 1`]);
      assert.deepEqual(idsOf(rows), ['b', 'c']);
    });

    it('gives every message in the end, however few a claim takes', async outbox => {
      const ids = Array.from({ length: 40 }, (_, index) => String(index));
      await outbox.commit(...ids.map(id => outbox.message(id, `user ${Number(id) % 7}`)));
      const got: string[] = [];
      await until(
        async () => {
          const token = outbox.token();
          const rows = await outbox.claim(token, LONG_MS, 4);
          got.push(...idsOf(rows));
          await outbox.store.settle(token, { sent: rowsOf(rows), refused: [] });
          return got.length;
        },
        length => length === ids.length,
      );
      for (let user = 0; user < 7; user += 1) {
        const ofUser = got.filter(id => Number(id) % 7 === user);
        assert.deepEqual(
          ofUser,
          ofUser.toSorted((a, b) => Number(a) - Number(b)),
        );
      }
    });

    it('tells how much waits, and for how long', async outbox => {
      assert.deepEqual(await outbox.store.status([outbox.destination]), [statusOf(outbox)]);
      await outbox.commit(outbox.message('a'), outbox.message('b', 'user 1'));
      const [status] = await outbox.store.status([outbox.destination]);
      assert.equal(status?.waiting, 2);
      assert.ok(status.oldestMs >= 0 && status.oldestMs < LONG_MS);
    });

    it('gives a scheduled message when its time has come', async outbox => {
      await outbox.store.schedule(undefined, outbox.message('late'), { dueAt: inMs(LONG_MS) });
      await outbox.store.schedule(undefined, outbox.message('soon'), { dueAt: inMs(SHORT_MS) });
      await outbox.store.schedule(undefined, outbox.message('now'), { dueAt: inMs(-1_000) });
      await until(
        async () => (await outbox.ids()).length,
        length => length === 2,
      );
      assert.deepEqual((await outbox.ids()).toSorted(), ['now', 'soon']);
      const [status] = await outbox.store.status([outbox.destination]);
      assert.deepEqual({ ...status, oldestMs: 0 }, { ...statusOf(outbox), waiting: 2, scheduled: 1 });
    });

    it('replaces the scheduled message of a key, and cancels it', async outbox => {
      const { store, destination } = outbox;
      await store.schedule(undefined, outbox.message('a'), { dueAt: inMs(LONG_MS), key: 'k' });
      await store.schedule(undefined, outbox.message('b'), { dueAt: inMs(-1), key: 'k' });
      assert.deepEqual(await outbox.ids(), ['b']);
      assert.equal(await store.cancel(undefined, destination, 'k'), false);
      await store.schedule(undefined, outbox.message('c'), { dueAt: inMs(LONG_MS), key: 'k' });
      assert.equal(await store.cancel(undefined, destination, 'k'), true);
      assert.equal(await store.cancel(undefined, destination, 'k'), false);
    });

    it('schedules and cancels within a transaction', async outbox => {
      const { store, destination } = outbox;
      const first = await outbox.begin();
      await store.schedule(first.tx, outbox.message('a'), { dueAt: inMs(-1), key: 'k' });
      await first.rollback();
      assert.deepEqual(await outbox.ids(), []);
      await store.schedule(undefined, outbox.message('b'), { dueAt: inMs(LONG_MS), key: 'k' });
      const second = await outbox.begin();
      assert.equal(await store.cancel(second.tx, destination, 'k'), true);
      await second.rollback();
      assert.equal(await store.cancel(undefined, destination, 'k'), true);
    });
  });
}

const statusOf = ({ destination }: Outbox) => ({ destination, waiting: 0, oldestMs: 0, refused: 0, scheduled: 0 });

/** From now, by the wall clock: it is what a user names. */
const inMs = (ms: number): Date => new Date(Date.now() + ms);
