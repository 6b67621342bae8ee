import { jest } from '@jest/globals';
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

type FaultKind = 'crash' | 'lost answer' | 'no effect' | 'expiry';

/** What is deeper is run in one order. Without a fault both are published by then. */
const DEPTH = process.env['EXHAUSTIVE'] ? 7 : 5;

interface Pending {
  relay: number;
  what: string;
  /** Carries it out and answers; `lose`: without the answer; `fail`: an error, and no effect. */
  execute: (how: 'answer' | 'lose' | 'fail') => void;
}

interface Action {
  name: string;
  fault?: FaultKind;
  act: () => void;
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 40; turn += 1) await Promise.resolve();
};

class Scope {
  readonly store = new MemoryOutbox();
  readonly accepted: string[] = [];
  private pending: Pending[] = [];
  private readonly alive = [true, true];
  private readonly links: RelayLink[] = [];
  private fault: FaultKind | undefined;
  calls = 0;

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
    const actions: Action[] = [];
    for (const each of this.pending)
      actions.push({ name: `${each.relay}: ${each.what}`, act: () => this.take(each, 'answer') });
    if (this.fault !== undefined) return actions;
    for (const each of this.pending) {
      const name = `${each.relay}: ${each.what}`;
      actions.push({ name: `${name} (answer lost)`, fault: 'lost answer', act: () => this.take(each, 'lose') });
      actions.push({ name: `${name} (no effect)`, fault: 'no effect', act: () => this.take(each, 'fail') });
    }
    for (const relay of [0, 1]) {
      if (this.pending.some(each => each.relay === relay)) {
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

  /** Lets everything that lives go on until nothing waits any more. */
  async finish(): Promise<void> {
    for (let step = 0; this.store.rows.length > 0; step += 1) {
      if (step > 200) throw new Error('a message was not published');
      const next = this.pending[0];
      if (next) this.take(next, 'answer');
      else await jest.advanceTimersByTimeAsync(1_000);
      await settle();
    }
  }

  async end(): Promise<void> {
    this.alive.fill(false);
    this.pending = [];
    for (const link of this.links) void link.detach();
    await jest.advanceTimersByTimeAsync(0);
    jest.clearAllTimers();
  }

  private kill(relay: number): void {
    this.alive[relay] = false;
    this.pending = this.pending.filter(each => each.relay !== relay);
  }

  private take(call: Pending, how: 'answer' | 'lose' | 'fail'): void {
    this.pending.splice(this.pending.indexOf(call), 1);
    call.execute(how);
  }

  private call<T>(relay: number, what: string, effect: () => Promise<T>): Promise<T> {
    if (!this.alive[relay]) return new Promise(() => undefined);
    this.calls += 1;
    return new Promise((resolve, reject) => {
      this.pending.push({
        relay,
        what,
        execute: how => {
          if (how === 'fail') return reject(new Error('no effect'));
          void effect().then(value => (how === 'lose' ? reject(new Error('answer lost')) : resolve(value)));
        },
      });
    });
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

/** What was accepted first of each message, in order. */
const firsts = (accepted: readonly string[]): string[] => [...new Set(accepted)];

describe('Two relays, two messages of one subject, one fault', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('publish both, the first before the second, whatever happens when', async () => {
    /** The choices that lead to a state; a run is replayed from its start. */
    const open: number[][] = [[]];
    let runs = 0;
    let faults = 0;
    while (open.length > 0) {
      const choices = open.pop() ?? [];
      const scope = new Scope();
      await scope.start();
      const names: string[] = [];
      let isFaulty = false;
      for (const choice of choices) {
        const action = scope.actions()[choice];
        if (!action) throw new Error('a run went another way when it was replayed');
        names.push(action.name);
        isFaulty ||= action.fault !== undefined;
        await scope.do(action);
      }
      const actions = scope.actions();
      const isOver = scope.store.rows.length === 0 || actions.length === 0 || choices.length >= DEPTH;
      if (isOver) {
        runs += 1;
        if (isFaulty) faults += 1;
        await scope.finish().catch((error: unknown) => {
          throw new Error(`${String(error)} after: ${names.join(', ')}`);
        });
        if (firsts(scope.accepted).join() !== '1,2') {
          throw new Error(`accepted ${scope.accepted.join()} after: ${names.join(', ')}`);
        }
      } else actions.forEach((_, choice) => open.push([...choices, choice]));
      await scope.end();
    }
    expect(runs).toBeGreaterThan(100);
    expect(faults).toBeGreaterThan(100);
  }, 600_000);
});
