import fc from 'fast-check';
import { PostgresInboxStore, type SqlPool } from 'nestjs-sns-sqs/postgres';
import { newToken } from '../../../libs/nestjs-sns-sqs/src/inbox/inbox-key.js';
import type {
  InboxClaim,
  InboxReleaseReason,
} from '../../../libs/nestjs-sns-sqs/src/interfaces/inbox-store.interface.js';
import { begin, type Transaction } from './begin.js';

const LONG_MS = 60_000;

type InboxCall =
  | {
      what: 'begin' | 'commit' | 'rollback' | 'claim' | 'renew' | 'done' | 'doneIn' | 'outlook';
      claim: number;
      position: number;
    }
  | { what: 'release'; claim: number; reason: InboxReleaseReason; position: number };

export const inboxCall: fc.Arbitrary<InboxCall> = fc.oneof(
  fc.record({
    what: fc.constantFrom(
      'begin',
      'commit',
      'rollback',
      'claim',
      'claim',
      'renew',
      'done',
      'doneIn',
      'doneIn',
      'outlook',
    ),
    claim: fc.nat(5),
    position: fc.nat(5),
  }),
  fc.record({
    what: fc.constant('release'),
    claim: fc.nat(5),
    reason: fc.constantFrom<InboxReleaseReason>('failed', 'unstarted', 'dead-lettered'),
    position: fc.nat(9),
  }),
);

/** Two claimants for each of three events, the first two of one subject; each has a transaction that it may mark in. */
export class InboxScript {
  private readonly store: PostgresInboxStore;
  private readonly claims: InboxClaim[];
  private readonly open: Array<Transaction | undefined> = [];
  /** Who has marked its event in a transaction that is open. */
  private readonly marked = new Set<number>();

  constructor(
    private readonly pool: SqlPool,
    queue: string,
  ) {
    // The machine may be busy for longer than a statement usually has.
    this.store = new PostgresInboxStore({ pool, cleanUpEverySeconds: 0, commandTimeoutMs: LONG_MS });
    this.claims = ['.a', '.a', '.b', '.b', '.c', '.c'].map(key => ({
      queue,
      key,
      token: newToken(),
      ...(key !== '.c' && { subject: '.s' }),
    }));
  }

  async run(calls: readonly InboxCall[]): Promise<unknown[]> {
    const answers: unknown[] = [];
    for (const call of calls) {
      const answer = await this.carryOut(call).catch((error: { code?: string }) => `failed: ${error.code}`);
      answers.push(
        JSON.parse(JSON.stringify(answer ?? null, (key, value: unknown) => (key.endsWith('Ms') ? 0 : value))),
      );
    }
    for (const each of this.open) await each?.rollback();
    return answers;
  }

  private async carryOut(call: InboxCall): Promise<unknown> {
    const { store } = this;
    const claim = this.claims[call.claim];
    if (!claim) return undefined;
    const position = claim.subject !== undefined && call.position > 0 ? { position: String(call.position) } : {};
    const done = { rememberForMs: LONG_MS, ...position };
    switch (call.what) {
      case 'begin':
        this.open[call.claim] ??= await begin(this.pool);
        return undefined;
      case 'commit':
      case 'rollback':
        this.marked.delete(call.claim);
        await this.open[call.claim]?.[call.what]();
        this.open[call.claim] = undefined;
        return undefined;
      case 'claim':
        return store.claim(claim, LONG_MS);
      case 'renew':
        return store.renew([claim], LONG_MS);
      case 'outlook':
        return store.putOff({
          queue: claim.queue,
          key: claim.key,
          place: '.p',
          handle: 'h',
          forMs: LONG_MS,
          ...(claim.subject && { subject: claim.subject }),
        });
      case 'doneIn': {
        const tx = this.open[call.claim]?.tx;
        if (!tx || this.waits(call.claim)) return 'left out';
        try {
          await store.doneIn(tx, claim, done);
          this.marked.add(call.claim);
          return 'marked';
        } catch (error) {
          this.marked.delete(call.claim);
          // PostgreSQL tells the error before it lets go of the transaction's rows, its next answer comes after that.
          await tx.query('SELECT 1').catch(() => undefined);
          throw error;
        }
      }
      case 'done':
        return this.waits(call.claim) || this.marked.has(call.claim) ? 'left out' : store.done(claim, done);
      case 'release':
        return this.waits(call.claim) || this.marked.has(call.claim)
          ? 'left out'
          : store.release(claim, call.reason, call.position > 6 ? String(call.position) : undefined);
    }
  }

  /** For a row that the transaction of another one has locked. */
  private waits(by: number): boolean {
    const mine = this.claims[by];
    return [...this.marked].some(other => {
      const theirs = this.claims[other];
      return other !== by && (theirs?.key === mine?.key || theirs?.subject === mine?.subject);
    });
  }
}
