import { jest } from '@jest/globals';
import { PostgresInboxStore, type SqlPool } from 'nestjs-sns-sqs/postgres';
import { Inbox } from '../../../libs/nestjs-sns-sqs/src/inbox/inbox.js';
import type { HeldClaim } from '../../../libs/nestjs-sns-sqs/src/inbox/held-claim.js';
import type { StoreHealth } from '../../../libs/nestjs-sns-sqs/src/inbox/store-health.js';
import {
  explore,
  GatedCalls,
  type Action,
  type FaultKind,
  type Scope,
} from '../../../libs/nestjs-sns-sqs/test/interleavings.js';
import { outboxSql } from '../../../libs/nestjs-sns-sqs/src/postgres/outbox/outbox-sql.js';
import { ModelDatabase, type ModelSession } from './model-database.js';

/**
 * Every interleaving of two consumers with an inbox in PostgreSQL, whose handlers write their effect and call
 * `markDoneIn()` in one transaction: each statement that others can notice happens when the explorer says so. At most one
 * fault in each run, at every point of every interleaving: a consumer dies, the answer of a statement is lost after its
 * effect, a statement fails without an effect, or all leases end.
 */

const LEASE_MS = 30_000;
const EFFECT = 'INSERT INTO effects (n) VALUES ($1)';
/** Nobody else can notice these. */
const ALONE = new Set(['BEGIN', 'ROLLBACK', EFFECT]);

/** Who waits for another one. */
const AGAIN = 'look again';

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 60; turn += 1) await Promise.resolve();
};

const HEALTHY = {
  isUnavailable: false,
  isPaused: false,
  isStopped: false,
  mayProceed: false,
  failed: () => undefined,
  noteProceeded: () => undefined,
  untilAvailable: () => Promise.resolve(),
} as unknown as StoreHealth;

/** The database, two consumers and what they wait for. */
class TwoConsumers implements Scope {
  private readonly effects: number[] = [];
  private readonly calls = new GatedCalls<Consumer>(({ number }) => String(number));
  readonly consumers: Consumer[] = [];
  readonly database: ModelDatabase;
  private now = 0;
  private fault: FaultKind | undefined;

  constructor(
    events: readonly number[],
    private readonly expected: string,
  ) {
    this.database = new ModelDatabase({
      outboxSql: outboxSql('nestjs_sns_sqs'),
      now: () => this.now,
      random: () => 0.5,
    });
    this.database.define(EFFECT, ({ tx, values }) => {
      tx.onCommit.push(() => this.effects.push(Number(values[0])));
      return [];
    });
    for (const event of events) this.start(event);
  }

  get isOver(): boolean {
    return this.consumers.every(({ isAlive, isDone }) => isDone || !isAlive);
  }

  actions(): Action[] {
    const actions = this.calls.actions(this.fault === undefined, what => what !== AGAIN);
    if (this.fault !== undefined) return actions;
    for (const consumer of this.consumers) {
      if (consumer.isAlive && !consumer.isDone)
        actions.push({ name: `${consumer.number} dies`, fault: 'crash', act: () => this.kill(consumer) });
    }
    actions.push({ name: 'leases end', fault: 'expiry', act: () => this.endLeases() });
    return actions;
  }

  async do({ fault, act }: Action): Promise<void> {
    this.fault ??= fault;
    act();
    await settle();
  }

  async finish(): Promise<void> {
    for (let step = 0; !this.isOver; step += 1) {
      if (step > 200) throw new Error('an event was not done');
      this.calls.answerNext(AGAIN, what => {
        if (what === AGAIN) this.endLeases();
      });
      await settle();
    }
  }

  problem(): string | undefined {
    const effects = this.effects.join();
    return effects === this.expected ? undefined : `the effects are ${effects}`;
  }

  call<T>(by: Consumer, what: string, effect: () => Promise<T>): Promise<T> {
    return by.isAlive ? this.calls.make(by, what, effect) : new Promise(() => undefined);
  }

  private start(event: number): void {
    this.consumers.push(new Consumer(this, this.consumers.length, event));
  }

  /** Its message is delivered to another one. */
  private kill(consumer: Consumer): void {
    consumer.die();
    this.calls.forget(consumer);
    this.start(consumer.event);
  }

  private endLeases(): void {
    this.now += LEASE_MS + 1;
  }
}

/** One message in one process, from its receive to its delete: as InboxGate and DeliveryRunner do with it. */
class Consumer {
  isAlive = true;
  isDone = false;
  private readonly sessions = new Set<ModelSession>();
  private readonly inbox: Inbox;

  constructor(
    private readonly scope: TwoConsumers,
    readonly number: number,
    readonly event: number,
  ) {
    this.inbox = new Inbox({
      queue: 'q',
      store: withoutWaitingRoom(new PostgresInboxStore({ pool: this.pool(), cleanUpEverySeconds: 0 })),
      health: HEALTHY,
      rules: {
        ordering: 'sequential',
        startAt: 1,
        gapTimeoutMs: 3_600_000,
        onGapTimeout: 'dead-letter',
        onInvalidSequence: 'dead-letter',
        leaseMs: LEASE_MS,
        rememberForMs: 86_400_000,
      },
      now: () => 0,
      pause: () => Promise.resolve(),
    });
    void this.run();
  }

  die(): void {
    this.isAlive = false;
    for (const session of this.sessions) session.end();
  }

  private async run(): Promise<void> {
    while (!(await this.try())) await this.scope.call(this, AGAIN, () => Promise.resolve());
    this.isDone = true;
  }

  /** True: the message is deleted. */
  private async try(): Promise<boolean> {
    const { event, inbox } = this;
    const metadata = { id: `e${event}`, source: 's', type: 't', subject: 'one', sequence: String(event) };
    const admission = await inbox.admit({ metadata, data: undefined });
    if (admission.kind === 'skip') return true;
    if (admission.kind !== 'run' || !admission.claim) return false;
    const { claim } = admission;
    try {
      await this.handle(claim);
    } catch {
      if (!claim.isMarked) return this.leave(claim);
      const fate = await inbox.marks.fateOf(claim);
      if (fate === 'not-done') return this.leave(claim);
      if (fate !== 'done') return false;
    }
    return inbox.finish(claim, () => true);
  }

  private async leave(claim: HeldClaim): Promise<false> {
    await this.inbox.release(claim, 'failed');
    return false;
  }

  private async handle(claim: HeldClaim): Promise<void> {
    const connection = await this.pool().connect();
    try {
      await connection.query('BEGIN');
      await connection.query(EFFECT, [this.event]);
      await this.inbox.marks.mark(claim, connection);
      await connection.query('COMMIT');
    } catch (error) {
      await connection.query('ROLLBACK').catch(() => undefined);
      throw error;
    } finally {
      connection.release();
    }
  }

  private pool(): SqlPool {
    const connect: SqlPool['connect'] = () => {
      const session = this.scope.database.connect();
      this.sessions.add(session);
      const query = (text: string, values?: readonly unknown[]) => {
        const run = () => session.query(text, values) as never;
        return ALONE.has(text) ? run() : this.scope.call(this, /inbox_\w+|COMMIT/.exec(text)?.[0] ?? text, run);
      };
      const release = (): void => {
        this.sessions.delete(session);
        session.end();
      };
      return Promise.resolve({ query: query as SqlPool['query'], release });
    };
    return { connect, query: () => Promise.reject(new Error('not used')) };
  }
}

/** Who waits looks again when the explorer says so. */
function withoutWaitingRoom(store: PostgresInboxStore): PostgresInboxStore {
  return Object.assign(store, { putOff: undefined, callIn: undefined });
}

describe('Two consumers with an inbox in PostgreSQL, one fault', () => {
  // A call that waits for its turn does not time out meanwhile.
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it.each<[string, number[], string]>([
    ['two copies of one event', [1, 1], '1'],
    ['two events of one subject, the second one first', [2, 1], '1,2'],
  ])(
    'have one effect for each event, in order, whatever happens when: %s',
    async (_, events, expected) => {
      const { runs, faults } = await explore(async () => {
        const scope = new TwoConsumers(events, expected);
        await settle();
        return scope;
      });
      expect(runs).toBeGreaterThan(100);
      expect(faults).toBeGreaterThan(100);
    },
    600_000,
  );
});
