import * as fc from 'fast-check';

/** Rates from 0 to 1, by kind of fault. */
export type FaultRates = Partial<
  Record<
    | 'throttle'
    | 'error'
    | 'lostReply'
    | 'stall'
    | 'halfBatch'
    | 'staleDelete'
    | 'duplicate'
    | 'disorder'
    | 'overLimit'
    | 'storeError'
    | 'storeLost',
    number
  >
>;

export interface Step {
  outcome: 'ok' | 'throw' | 'retry-later' | 'dead-letter' | 'discard';
  ms: number;
}

export interface ScheduledMessage {
  at: number;
  group: number;
  /** What its handler does at each start; the last one again and again. */
  outcomes: Step[];
}

/** What happens to which process, in milliseconds from the start. */
export interface Moment {
  at: number;
  which: number;
}

export interface Schedule {
  seed: number;
  fifo: boolean;
  skip: boolean;
  inbox: boolean;
  /** Its handlers ask for their signal. */
  heedful: boolean;
  ordering: 'none' | 'latest' | 'sequential';
  consumers: number;
  concurrency: number;
  maxReceiveCount: number;
  messages: ScheduledMessage[];
  faults: FaultRates;
  crashes: Moment[];
  restarts: Moment[];
  outages: Array<{ at: number; ms: number }>;
}

const rate = fc.oneof(
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.double({ min: 0, max: 0.2, noNaN: true }) },
  { weight: 1, arbitrary: fc.double({ min: 0.3, max: 0.9, noNaN: true }) },
);
const step: fc.Arbitrary<Step> = fc.record({
  outcome: fc.oneof(
    { weight: 6, arbitrary: fc.constant('ok' as const) },
    { weight: 3, arbitrary: fc.constant('throw' as const) },
    { weight: 1, arbitrary: fc.constantFrom('retry-later' as const, 'dead-letter' as const, 'discard' as const) },
  ),
  ms: fc.oneof({ weight: 8, arbitrary: fc.nat(200) }, { weight: 1, arbitrary: fc.nat(60_000) }),
});
const moment: fc.Arbitrary<Moment> = fc.record({ at: fc.nat(120_000), which: fc.nat(2) });

export const schedules: fc.Arbitrary<Schedule> = fc.record({
  seed: fc.nat(),
  fifo: fc.boolean(),
  skip: fc.boolean(),
  inbox: fc.boolean(),
  heedful: fc.boolean(),
  ordering: fc.constantFrom('none', 'latest', 'sequential'),
  consumers: fc.integer({ min: 1, max: 3 }),
  concurrency: fc.integer({ min: 1, max: 20 }),
  maxReceiveCount: fc.integer({ min: 1, max: 4 }),
  messages: fc
    .array(
      fc.record({ at: fc.nat(60_000), group: fc.nat(2), outcomes: fc.array(step, { minLength: 1, maxLength: 4 }) }),
      { maxLength: 25, size: 'max' },
    )
    .map(
      // A group's order is that of its numbers.
      messages => messages.toSorted((a, b) => a.at - b.at),
    ),
  faults: fc.record({
    throttle: rate,
    error: rate,
    lostReply: rate,
    stall: rate,
    halfBatch: rate,
    staleDelete: rate,
    duplicate: rate,
    disorder: rate,
    overLimit: rate,
    storeError: rate,
    storeLost: rate,
  }),
  crashes: fc.array(moment, { maxLength: 3 }),
  restarts: fc.array(moment, { maxLength: 2 }),
  outages: fc.array(fc.record({ at: fc.nat(120_000), ms: fc.nat(60_000) }), { maxLength: 2 }),
});
