import { jest } from '@jest/globals';
import { explore, GatedCalls, type Action, type FaultKind, type Scope } from '../../test/interleavings.js';
import { MemoryOutbox } from '../../test/memory-outbox.js';
import type { OutboxClaimRequest, OutboxMessage, OutboxStore } from '../interfaces/outbox-store.interface.js';
import { OutboxRelay, type RelayLink } from './relay.js';
import type { RelayFailure } from './relay-round.js';

/**
 * Every interleaving of two relays and two messages of one subject: each call to the store and to AWS happens when the
 * explorer says so. At most one fault in each run, at every point of every interleaving: a relay dies, an answer of the
 * store or of AWS is lost after its effect, AWS fails without an effect, or all leases end.
 */
const TO = 'sns:users-domain-events';
const LEASE_MS = 30_000;
const message = (id: string): OutboxMessage => ({ destination: TO, id, type: 't', entry: '{}', lane: 'user 1' });
const away: RelayFailure = { code: 'ENDPOINT_UNREACHABLE', reason: 'away', isRefused: false };

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 40; turn += 1) await Promise.resolve();
};

class TwoRelays implements Scope {
  readonly store = new MemoryOutbox();
  private readonly accepted: string[] = [];
  private readonly calls = new GatedCalls<number>(String);
  private readonly alive = [true, true];
  private readonly links: RelayLink[] = [];
  private fault: FaultKind | undefined;

  get isOver(): boolean {
    return this.store.rows.length === 0;
  }

  async start(): Promise<void> {
    await this.store.commit(message('1'), message('2'));
    for (const relay of [0, 1]) {
      const logger = { log: () => undefined, warn: () => undefined, error: () => undefined };
      const parts = { store: this.gated(relay), logger, random: () => 0 };
      const link = new OutboxRelay(parts).attach(TO, ({ id }) =>
        this.call(relay, `send ${id}`, () => {
          this.accepted.push(id);
          return Promise.resolve(undefined);
        }).catch(() => away),
      );
      this.links.push(link);
    }
    await settle();
  }

  actions(): Action[] {
    const actions = this.calls.actions(this.fault === undefined);
    if (this.fault !== undefined) return actions;
    for (const relay of [0, 1]) {
      if (this.calls.has(relay)) {
        actions.push({ name: `${relay} dies`, fault: 'crash', act: () => this.kill(relay) });
      }
    }
    actions.push({ name: 'leases end', fault: 'expiry', act: () => this.store.expire() });
    return actions;
  }

  async do({ fault, act }: Action): Promise<void> {
    this.fault ??= fault;
    act();
    await settle();
  }

  async finish(): Promise<void> {
    for (let step = 0; this.store.rows.length > 0; step += 1) {
      if (step > 200) throw new Error('a message was not published');
      if (this.calls.answerNext() === undefined) await jest.advanceTimersByTimeAsync(1_000);
      await settle();
    }
  }

  problem(): string | undefined {
    // What was accepted first of each message, in order.
    const firsts = [...new Set(this.accepted)].join();
    return firsts === '1,2' ? undefined : `accepted ${this.accepted.join()}`;
  }

  async end(): Promise<void> {
    for (const relay of [0, 1]) this.kill(relay);
    for (const link of this.links) void link.detach();
    await jest.advanceTimersByTimeAsync(0);
    jest.clearAllTimers();
  }

  private kill(relay: number): void {
    this.alive[relay] = false;
    this.calls.forget(relay);
  }

  private call<T>(relay: number, what: string, effect: () => Promise<T>): Promise<T> {
    return this.alive[relay] ? this.calls.make(relay, what, effect) : new Promise(() => undefined);
  }

  private gated(relay: number): OutboxStore {
    const { store } = this;
    const gate =
      <A extends unknown[], R>(what: string, call: (...args: A) => Promise<R>) =>
      (...args: A): Promise<R> =>
        this.call(relay, what, () => call(...args));
    return {
      ...methodsOf(store),
      open: () => Promise.resolve(),
      status: () => Promise.resolve([]),
      renew: () => Promise.resolve(true),
      claim: gate('claim', (request: OutboxClaimRequest) => store.claim(request)),
      settle: gate('settle', (token, results) => store.settle(token, results)),
      relay: { leaseMs: LEASE_MS },
    };
  }
}

const methodsOf = (store: MemoryOutbox): OutboxStore => ({
  nextSequence: (...args) => store.nextSequence(...args),
  returnSequence: (...args) => store.returnSequence(...args),
  add: (...args) => store.add(...args),
  schedule: (...args) => store.schedule(...args),
  cancel: (...args) => store.cancel(...args),
  open: () => store.open(),
  claim: request => store.claim(request),
  renew: (...args) => store.renew(...args),
  settle: (...args) => store.settle(...args),
  status: destinations => store.status(destinations),
});

describe('Two relays, two messages of one subject, one fault', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('publish both, the first before the second, whatever happens when', async () => {
    const { runs, faults } = await explore(async () => {
      const scope = new TwoRelays();
      await scope.start();
      return scope;
    });
    expect(runs).toBeGreaterThan(100);
    expect(faults).toBeGreaterThan(100);
  }, 600_000);
});
