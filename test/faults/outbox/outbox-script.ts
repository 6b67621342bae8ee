import fc from 'fast-check';
import { PostgresOutbox, type SqlPool } from 'nestjs-sns-sqs/postgres';
import { newToken } from '../../../libs/nestjs-sns-sqs/src/inbox/inbox-key.js';
import type { OutboxMessage } from '../../../libs/nestjs-sns-sqs/src/interfaces/outbox-store.interface.js';
import { begin, type Transaction } from './begin.js';

const LONG_MS = 60_000;

type OutboxCall =
  | { what: 'begin' | 'commit' | 'rollback'; who: number }
  | { what: 'number' | 'return' | 'add' | 'numbered' | 'next' | 'schedule' | 'cancel'; who: number; lane: number }
  | { what: 'claim' | 'renew' | 'settle'; who: number; sent: number; refused: boolean; rows: number; rests: boolean };

const who = fc.nat(2);
export const outboxCall: fc.Arbitrary<OutboxCall> = fc.oneof(
  fc.record({ what: fc.constantFrom('begin', 'commit', 'commit', 'rollback'), who }),
  fc.record({
    what: fc.constantFrom('number', 'return', 'add', 'add', 'numbered', 'next', 'schedule', 'cancel'),
    who,
    // The last one is of no lane.
    lane: fc.nat(3),
  }),
  fc.record({
    what: fc.constantFrom('claim', 'claim', 'renew', 'settle'),
    who,
    sent: fc.nat(4),
    refused: fc.boolean(),
    rows: fc.constantFrom(1, 3, 400),
    rests: fc.boolean(),
  }),
);

/** Runs a script on a store of three transactions and three claims, each of which belongs to one who calls. */
export class OutboxScript {
  readonly answers: unknown[] = [];
  private readonly store: PostgresOutbox;
  private readonly open: Array<Transaction | undefined> = [];
  /** Lanes, keys: who has locked what. A call that would wait is left out. */
  private readonly locks = new Map<string, number>();
  private readonly claims: Array<{ token: string; rows: string[] }> = [];
  private readonly numbers = new Map<string, string>();
  private messages = 0;
  /** By the store's own number of a row, which goes on from run to run. */
  private readonly idOf = new Map<string, string>();

  constructor(
    private readonly pool: SqlPool,
    private readonly destination: string,
  ) {
    this.store = new PostgresOutbox({ pool });
  }

  async run(calls: readonly OutboxCall[]): Promise<unknown[]> {
    await this.store.open([this.destination]);
    for (const call of calls) this.answers.push(await this.carryOut(call));
    for (const each of this.open) await each?.rollback();
    this.locks.clear();
    this.answers.push(await this.status(), ...(await this.rest()));
    return this.answers;
  }

  private async carryOut(call: OutboxCall): Promise<unknown> {
    switch (call.what) {
      case 'begin':
        this.open[call.who] ??= await begin(this.pool);
        return undefined;
      case 'commit':
      case 'rollback': {
        await this.open[call.who]?.[call.what]();
        this.open[call.who] = undefined;
        for (const [lock, owner] of this.locks) if (owner === call.who) this.locks.delete(lock);
        return undefined;
      }
      case 'claim':
      case 'renew':
      case 'settle':
        return this.relay(call);
      default:
        return this.write(call);
    }
  }

  private async write({ what, who, lane }: OutboxCall & { lane: number }): Promise<unknown> {
    const { store, destination } = this;
    const transaction = this.open[who];
    const [subject, key] = [`s${lane}`, `k${lane % 2}`];
    const isOfKey = what === 'schedule' || what === 'cancel';
    if (!transaction || (lane === 3 && !isOfKey && what !== 'add') || !this.mayLock(isOfKey ? key : subject, who)) {
      return 'left out';
    }
    const { tx } = transaction;
    const id = `m${(this.messages += 1)}`;
    const message: OutboxMessage = {
      destination,
      id,
      type: 't',
      entry: `{"of":"${id}"}`,
      ...(lane < 3 && { lane: subject }),
    };
    switch (what) {
      case 'number':
        this.numbers.set(subject, await store.nextSequence(tx, destination, subject));
        return this.numbers.get(subject);
      case 'return':
        return store.returnSequence(tx, destination, subject, this.numbers.get(subject) ?? '1');
      case 'numbered': {
        const number = await store.nextSequence(tx, destination, subject);
        await store.add(tx, message, true);
        return number;
      }
      case 'next':
        return store.addNext(tx, { ...message, entry: `{"of":"${id}","sequence":"#"}` }, '#');
      case 'add':
        return store.add(tx, message, false);
      case 'schedule':
        return store.schedule(tx, message, { dueAt: new Date(lane > 1 ? 0 : Date.now() + LONG_MS), key });
      case 'cancel':
        return store.cancel(tx, destination, key);
      default:
        throw new Error(what);
    }
  }

  private mayLock(lock: string, who: number): boolean {
    const owner = this.locks.get(lock) ?? who;
    if (owner === who && lock !== 's3') this.locks.set(lock, who);
    return owner === who;
  }

  private async relay({
    what,
    who,
    sent,
    refused,
    rows,
    rests,
  }: OutboxCall & { sent: number; refused: boolean; rows: number; rests: boolean }) {
    const { store, destination } = this;
    const known = this.claims[who];
    if (what === 'claim') {
      const token = `${destination}/${newToken()}`;
      const exceptLanes = rests ? [`${destination} s1`] : [];
      const found = await store.claim({ destinations: [destination], token, leaseMs: LONG_MS, rows, exceptLanes });
      for (const { row, id } of found) this.idOf.set(row, id);
      if (found.length > 0) this.claims[who] = { token, rows: found.map(({ row }) => row) };
      return found.map(message => ({ ...message, row: '' }));
    }
    if (!known) return 'left out';
    if (what === 'renew') return store.renew(known.token, LONG_MS);
    const [gone, last] = [known.rows.slice(0, sent), known.rows[sent]];
    return store.settle(known.token, {
      sent: gone,
      refused: refused && last !== undefined ? [{ row: last, code: 'C', reason: 'r' }] : [],
    });
  }

  private async status(): Promise<unknown> {
    const [status] = await this.store.status([this.destination]);
    return { ...status, oldestMs: 0 };
  }

  /** What nobody has claimed. */
  private async rest(): Promise<unknown[]> {
    for (const claim of this.claims) if (claim) await this.store.settle(claim.token, { sent: [], refused: [] });
    const request = { destinations: [this.destination], leaseMs: LONG_MS, rows: 400, exceptLanes: [] };
    const found = await this.store.claim({ ...request, token: `${this.destination}/rest` });
    return found.map(({ id, lane }) => `${lane} ${id}`);
  }
}
