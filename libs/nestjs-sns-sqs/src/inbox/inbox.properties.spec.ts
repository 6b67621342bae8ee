import fc from 'fast-check';
import type { InboxClaim, InboxStore } from '../interfaces/inbox-store.interface.js';
import type { HeldClaim } from './held-claim.js';
import type { Admission } from './admission.js';
import { Inbox } from './inbox.js';
import { MemoryInboxStore } from './memory-inbox-store.js';
import { inWorkSeconds } from './put-off.js';
import type { Ordering } from './sequence-guard.js';
import { StoreHealth } from './store-health.js';

const LEASE_MS = 30_000;
const WORKERS = 3;

type Fault = 'none' | 'before' | 'after';
type Step =
  | { kind: 'start'; worker: number; message: number }
  | { kind: 'finish'; run: number; well: boolean }
  | { kind: 'crash'; worker: number }
  /** `alive`: heartbeats go on meanwhile; else every process stands still, and wakes up with its leases over. */
  | { kind: 'pass'; ms: number; alive: boolean };

interface Event {
  id: string;
  subject: string;
  sequence: number;
}

interface Message {
  event: Event;
  visibleAt: number;
  /** Which of its receives holds it. */
  receipt: number;
  isDeleted: boolean;
}

interface Run {
  worker: number;
  message: Message;
  receipt: number;
  claim: HeldClaim;
}

/** As long as a claim that is in the way, or a second. */
const secondsOf = (wait: Admission & { kind: 'wait' }): number =>
  wait.why === 'in-work' ? inWorkSeconds(1, wait.leftMs ?? 0) : 1;

/** SQS, workers with an inbox each, one store and one clock. Workers die, stand still, lose answers, and come back. */
class Simulation {
  private now = 0;
  private readonly memory = new MemoryInboxStore({ now: () => this.now });
  private readonly store: InboxStore;
  private readonly workers: Inbox[];
  private runs: Run[] = [];
  readonly messages: Message[];
  /** Effects whose event was marked done, in order: those that count, even if who had them did not learn of it. */
  readonly settled: Event[] = [];
  /** By token: effects that are not marked done yet. */
  private readonly effects = new Map<string, Event>();

  constructor(
    events: readonly Event[],
    private readonly ordering: Ordering,
    private readonly faults: Fault[],
  ) {
    this.messages = events.map(event => ({ event, visibleAt: 0, receipt: 0, isDeleted: false }));
    this.store = {
      isShared: true,
      claim: (...args) => this.call(() => this.memory.claim(...args)),
      renew: (...args) => this.call(() => this.memory.renew(...args)),
      done: (...args) => this.call(() => this.noteDone(args[0], this.memory.done(...args))),
      release: (...args) => this.call(() => this.memory.release(...args)),
      ping: () => undefined,
    };
    this.workers = Array.from({ length: WORKERS }, () => this.worker());
  }

  async step(step: Step): Promise<void> {
    switch (step.kind) {
      case 'start': {
        const visible = this.messages.filter(({ isDeleted, visibleAt }) => !isDeleted && visibleAt <= this.now);
        const message = visible[step.message % visible.length];
        return message && this.start(step.worker, message);
      }
      case 'finish': {
        const run = this.runs[step.run % this.runs.length];
        return run && this.finish(run, step.well);
      }
      case 'crash':
        this.workers[step.worker] = this.worker();
        this.runs = this.runs.filter(({ worker }) => worker !== step.worker);
        return undefined;
      case 'pass':
        for (let left = step.ms; left > 0; left -= LEASE_MS / 3) {
          this.now += Math.min(left, LEASE_MS / 3);
          if (step.alive) await this.beat();
        }
    }
  }

  /** From here all is well: whatever is left is delivered, one after the other, until nothing is. */
  async drain(): Promise<void> {
    this.faults.length = 0;
    for (let rounds = 0; this.messages.some(({ isDeleted }) => !isDeleted); rounds += 1) {
      if (rounds > 1_000) throw new Error('messages are left that are never deleted');
      for (const run of this.runs) await this.finish(run, true);
      this.now += LEASE_MS;
      for (const message of this.messages) {
        if (message.isDeleted || message.visibleAt > this.now) continue;
        await this.start(0, message);
        for (const run of this.runs) await this.finish(run, true);
      }
    }
  }

  private worker(): Inbox {
    // Stopped: it never counts the store as away, and asks again at once.
    const health = new StoreHealth({
      queue: 'q',
      store: this.memory,
      onUnavailable: 'wait',
      logger: { warn: () => undefined },
      onFault: () => undefined,
      onRecovery: () => undefined,
    });
    health.stop();
    const rules = {
      ordering: this.ordering,
      gapTimeoutMs: Infinity,
      onGapTimeout: 'wait',
      onInvalidSequence: 'dead-letter',
      startAt: 1,
      leaseMs: LEASE_MS,
      rememberForMs: Infinity,
    } as const;
    return new Inbox({
      queue: 'q',
      store: this.store,
      health,
      rules,
      now: () => this.now,
      pause: () => Promise.resolve(),
    });
  }

  private async start(worker: number, message: Message): Promise<void> {
    message.receipt += 1;
    message.visibleAt = this.now + LEASE_MS;
    const { receipt, event } = message;
    const metadata = { id: event.id, source: 's', type: 't', subject: event.subject, sequence: String(event.sequence) };
    const admission = await this.workers[worker]?.admit({ metadata, data: undefined });
    if (admission?.kind === 'skip') message.isDeleted = true;
    else if (admission?.kind === 'wait') message.visibleAt = this.now + secondsOf(admission) * 1000;
    else if (admission?.kind === 'run' && admission.claim) {
      this.runs.push({ worker, message, receipt, claim: admission.claim });
    } else throw new Error(`not to be expected: ${JSON.stringify(admission)}`);
  }

  private async finish(run: Run, well: boolean): Promise<void> {
    this.runs = this.runs.filter(other => other !== run);
    const inbox = this.workers[run.worker];
    const isHeld = run.message.receipt === run.receipt;
    if (!well) {
      await inbox?.release(run.claim, 'failed');
      if (isHeld) run.message.visibleAt = this.now;
      return;
    }
    this.effects.set(run.claim.token, run.message.event);
    if ((await inbox?.finish(run.claim, () => true)) && isHeld) run.message.isDeleted = true;
  }

  private async beat(): Promise<void> {
    for (const [index, inbox] of this.workers.entries()) {
      const runs = this.runs.filter(({ worker }) => worker === index);
      const lost = new Set(await inbox.renew(runs.map(({ claim }) => claim)));
      for (const { message, receipt } of runs) {
        if (message.receipt === receipt) message.visibleAt = this.now + LEASE_MS;
      }
      this.runs = this.runs.filter(({ claim }) => !lost.has(claim));
    }
  }

  private noteDone({ token }: InboxClaim, isDone: boolean): boolean {
    const event = this.effects.get(token);
    if (isDone && event) {
      this.settled.push(event);
      this.effects.delete(token);
    }
    return isDone;
  }

  private async call<T>(run: () => T): Promise<T> {
    const fault = this.faults.shift() ?? 'none';
    if (fault === 'before') throw new Error('away');
    const answer = run();
    if (fault === 'after') throw new Error('answer lost');
    return answer;
  }
}

const worker = fc.nat(WORKERS - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('start'), worker, message: fc.nat(50) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('finish'), run: fc.nat(10), well: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash'), worker }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass'), ms: fc.nat(70_000), alive: fc.boolean() }) },
);
const faults = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.constant<Fault>('none') },
    { weight: 1, arbitrary: fc.constantFrom<Fault>('before', 'after') },
  ),
  { maxLength: 40 },
);

/** Events of two subjects, numbered from 1, each delivered one to three times, in any order. */
const deliveries = fc
  .record({ a: fc.integer({ min: 1, max: 5 }), b: fc.integer({ min: 0, max: 3 }), copies: fc.array(fc.nat(7)) })
  .chain(({ a, b, copies }) => {
    const numbered = (subject: string, count: number): Event[] =>
      Array.from({ length: count }, (_, n) => ({ id: `${subject}-${n + 1}`, subject, sequence: n + 1 }));
    const events = [...numbered('a', a), ...numbered('b', b)];
    const again = copies.flatMap(at => events[at] ?? []);
    const all = [...events, ...again];
    return fc
      .shuffledSubarray(all, { minLength: all.length, maxLength: all.length })
      .map(delivered => ({ events, delivered }));
  });

async function simulate(ordering: Ordering, delivered: Event[], steps: Step[], faulty: Fault[]): Promise<Simulation> {
  const simulation = new Simulation(delivered, ordering, [...faulty]);
  for (const each of steps) await simulation.step(each);
  await simulation.drain();
  return simulation;
}

const sequencesOf = (simulation: Simulation, subject: string): number[] =>
  simulation.settled.filter(event => event.subject === subject).map(({ sequence }) => sequence);
const upTo = (events: Event[], subject: string): number[] =>
  events.filter(event => event.subject === subject).map(({ sequence }) => sequence);

describe('whatever claims, crashes, standstills, takeovers and lost answers interleave', () => {
  const steps = fc.array(step, { maxLength: 60, size: 'max' });
  const check = (property: (ordering: Simulation, events: Event[]) => void, ordering: Ordering): Promise<void> =>
    fc.assert(
      fc.asyncProperty(deliveries, steps, faults, async ({ events, delivered }, schedule, faulty) => {
        property(await simulate(ordering, delivered, schedule, faulty), events);
      }),
      { numRuns: 500 },
    );

  it('no order: each event has exactly one effect that was settled, and none is lost', async () => {
    await check(({ settled }, events) => {
      expect(settled.map(({ id }) => id).toSorted()).toEqual(events.map(({ id }) => id).toSorted());
    }, 'none');
  });

  it('sequential: each event of a subject exactly once, in order', async () => {
    await check((simulation, events) => {
      for (const subject of ['a', 'b']) expect(sequencesOf(simulation, subject)).toEqual(upTo(events, subject));
    }, 'sequential');
  });

  it('latest: never backwards, no event twice, and the last one wins', async () => {
    await check((simulation, events) => {
      for (const subject of ['a', 'b']) {
        const applied = sequencesOf(simulation, subject);
        expect(applied).toEqual([...new Set(applied)].toSorted((x, y) => x - y));
        expect(applied.at(-1)).toBe(upTo(events, subject).at(-1));
      }
    }, 'latest');
  });
});
