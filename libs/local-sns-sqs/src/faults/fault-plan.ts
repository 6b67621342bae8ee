/** The fault of a call that a rule has chosen. */
export type FaultEffect =
  /** Refused for the rate of calls, as AWS does it. */
  | { kind: 'throttle' }
  /** @default status 500, code InternalFailure */
  | { kind: 'error'; status?: number; code?: string; message?: string }
  /** The queue or topic is said not to exist. */
  | { kind: 'missing' }
  /** The connection is cut: before anything has happened, or after it has (a lost reply). */
  | { kind: 'reset'; when: 'before' | 'after' }
  /** The call is carried out that much later, by the broker's clock. */
  | { kind: 'delay'; ms: number }
  /** What a receive gives is at once visible to others too, as a standard queue may do. */
  | { kind: 'duplicate' }
  /** A receive from a standard queue takes messages in another order. */
  | { kind: 'reorder' }
  /** The second, fourth, … entry of a batch fail with InternalError; the others are carried out. */
  | { kind: 'half-batch' }
  /** A delete claims success and deletes nothing. */
  | { kind: 'stale-delete' };

export interface FaultCall {
  /** `sqs.ReceiveMessage`, `sns.PublishBatch`, … */
  operation: string;
  /** Name of the queue or topic, where the request names one. */
  resource: string | undefined;
  /** How long the queue exists that the request names, by the broker's clock; undefined: no such queue. */
  queueAgeMs?: number | undefined;
  input: Readonly<Record<string, unknown>>;
}

/** A rule: the calls that it chooses, and their fault. All conditions must hold. */
export interface FaultRule {
  effect: FaultEffect;
  /** `sqs.DeleteMessageBatch`, or a pattern. @default every call */
  operation?: string | RegExp | undefined;
  /** Name of a queue or topic. @default every one */
  resource?: string | undefined;
  /**
   * Only while the queue that a request names is younger, by the broker's clock, and never CreateQueue. With the effect
   * `missing`: a new queue that cannot be used yet (CreateQueue API: for at least a second).
   */
  queueYoungerThanMs?: number | undefined;
  /** Share of the calls, 0 to 1, drawn from the seed. @default 1 */
  rate?: number | undefined;
  /** Numbers of the matching calls, from 1. @default every one */
  calls?: readonly number[] | undefined;
  /** Only so many times. @default without end */
  times?: number | undefined;
  /** By the broker's clock, in epoch milliseconds. */
  from?: number | undefined;
  until?: number | undefined;
  when?: ((call: FaultCall) => boolean) | undefined;
}

/** A fault that was done, to tell or to repeat it: the same seed and calls give the same ones. */
export interface FaultRecord {
  at: number;
  /** Number of the call since the start or the last `clear()`, from 1. */
  call: number;
  operation: string;
  resource: string | undefined;
  effect: FaultEffect;
}

interface ActiveRule {
  rule: FaultRule;
  seen: number;
  done: number;
}

/** Effects that make sense for some operations only; a rule with a wider choice passes over the others. */
const ONLY_FOR: Partial<Record<FaultEffect['kind'], RegExp>> = {
  duplicate: /^sqs\.ReceiveMessage$/,
  reorder: /^sqs\.ReceiveMessage$/,
  'half-batch': /Batch$/,
  'stale-delete': /^sqs\.DeleteMessage(Batch)?$/,
};

const matches = (wanted: string | RegExp | undefined, operation: string): boolean =>
  wanted === undefined || (typeof wanted === 'string' ? wanted === operation : wanted.test(operation));

function isYoung({ operation, queueAgeMs = Infinity }: FaultCall, bound: number | undefined): boolean {
  return bound === undefined || (queueAgeMs < bound && operation !== 'sqs.CreateQueue');
}

/** Decides which calls fail, and how. The first rule that applies wins. */
export class FaultPlan {
  /** Every fault so far, in order. */
  readonly done: FaultRecord[] = [];
  private rules: ActiveRule[] = [];
  private replayed = new Map<number, FaultEffect>();
  private calls = 0;

  /** @param random gives 0 ≤ x < 1, from the broker's seed */
  constructor(
    private readonly now: () => number,
    private readonly random: () => number,
  ) {}

  /** Gives a function that takes the rule away again. */
  add(rule: FaultRule): () => void {
    const active: ActiveRule = { rule, seen: 0, done: 0 };
    this.rules.push(active);
    return () => {
      this.rules = this.rules.filter(each => each !== active);
    };
  }

  /**
   * Does what was done before, to the calls of the same numbers, whatever the rules say of them: give it the `done` of
   * another run. Calls are counted from the start, or from the last `clear()`.
   */
  replay(records: readonly Pick<FaultRecord, 'call' | 'effect'>[]): void {
    for (const { call, effect } of records) this.replayed.set(call, effect);
  }

  /** Takes all rules away, forgets what was done, and counts calls from 1 again. */
  clear(): void {
    this.rules = [];
    this.replayed.clear();
    this.done.length = 0;
    this.calls = 0;
  }

  decide(call: FaultCall): FaultEffect | undefined {
    this.calls += 1;
    const again = this.replayed.get(this.calls);
    if (again) return this.note(call, again);
    for (const active of this.rules) {
      if (!this.applies(active, call)) continue;
      active.done += 1;
      return this.note(call, active.rule.effect);
    }
    return undefined;
  }

  private note({ operation, resource }: FaultCall, effect: FaultEffect): FaultEffect {
    this.done.push({ at: this.now(), call: this.calls, operation, resource, effect });
    return effect;
  }

  private applies(active: ActiveRule, call: FaultCall): boolean {
    const {
      operation,
      resource,
      rate = 1,
      calls,
      times = Infinity,
      from = -Infinity,
      until = Infinity,
      when,
    } = active.rule;
    if (!matches(operation, call.operation) || (resource !== undefined && resource !== call.resource)) return false;
    if (!isYoung(call, active.rule.queueYoungerThanMs)) return false;
    if (!matches(ONLY_FOR[active.rule.effect.kind], call.operation)) return false;
    const now = this.now();
    if (now < from || now >= until || !(when?.(call) ?? true)) return false;
    active.seen += 1;
    if (active.done >= times || (calls && !calls.includes(active.seen))) return false;
    // Drawn last and always, so that what else a rule asks does not shift the others' luck.
    return this.random() < rate;
  }
}
