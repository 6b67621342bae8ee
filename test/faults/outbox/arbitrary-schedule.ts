import * as fc from 'fast-check';
import type { Span } from '../schedule.ts';
import type { Emit, HandlerStep, OutboxSchedule, ScheduledTransaction } from './schedule.ts';

const SUBJECTS = 3;
const ACTIVE_MS = 12_000;

const seldom = <T>(usual: T, rare: fc.Arbitrary<T>, weight = 7): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: rare });

const some = <T>(what: fc.Arbitrary<T>, most: number): fc.Arbitrary<T[]> =>
  seldom<T[]>([], fc.array(what, { minLength: 1, maxLength: most }), 3);

const rate = fc.oneof(
  { weight: 5, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.double({ min: 0, max: 0.15, noNaN: true }) },
  { weight: 1, arbitrary: fc.double({ min: 0.2, max: 0.6, noNaN: true }) },
);

const at = fc.nat(ACTIVE_MS);
const which = fc.nat(2);
const ghostMs = fc.oneof(fc.constant(0), fc.nat(15_000));

const emit: fc.Arbitrary<Emit> = fc.record({
  kind: fc.oneof(
    { weight: 12, arbitrary: fc.constant('numbered' as const) },
    { weight: 3, arbitrary: fc.constant('plain' as const) },
    { weight: 2, arbitrary: fc.constantFrom('loose' as const, 'later' as const) },
    { weight: 1, arbitrary: fc.constant('unwritable' as const) },
  ),
  subject: fc.nat(SUBJECTS - 1),
  isRefused: seldom(false, fc.constant(true), 5),
  ms: seldom(0, fc.nat(2_000), 4),
  dueAt: fc.nat(2 * ACTIVE_MS),
  hasKey: fc.boolean(),
});

const transaction: fc.Arbitrary<ScheduledTransaction> = fc.record({
  at: fc.oneof({ weight: 2, arbitrary: at }, { weight: 1, arbitrary: fc.nat(300) }),
  which,
  emits: fc.array(emit, { minLength: 1, maxLength: 4 }),
  emitsAtOnce: fc.boolean(),
  end: seldom<'commit' | 'rollback'>('commit', fc.constant('rollback'), 4),
  cancels: seldom(false, fc.constant(true)),
});

const handlerStep: fc.Arbitrary<HandlerStep> = fc.record({
  outcome: fc.oneof(
    { weight: 12, arbitrary: fc.constant('ok' as const) },
    { weight: 2, arbitrary: fc.constantFrom('throw-before' as const, 'throw-after' as const, 'swallow' as const) },
    { weight: 1, arbitrary: fc.constantFrom('kill-before' as const, 'kill-after' as const) },
  ),
  ms: fc.oneof({ weight: 6, arbitrary: fc.nat(50) }, { weight: 1, arbitrary: fc.nat(12_000) }),
  marksFirst: fc.boolean(),
});

const span = (most: number): fc.Arbitrary<Span> => fc.record({ at, ms: fc.nat(most) });

const anySchedules: fc.Arbitrary<OutboxSchedule> = fc
  .record({
    seed: fc.nat(),
    fifo: seldom(false, fc.constant(true), 3),
    relays: fc.array(seldom(true, fc.constant(false), 3), { minLength: 1, maxLength: 3 }),
    leaseMs: fc.constantFrom(5_000, 10_000),
    pollMs: fc.constantFrom(1_000, 20_000),
    maxRows: fc.constantFrom(10, 400),
    keeps: seldom(false, fc.constant(true), 3),
    // It costs three times as much.
    consumes: seldom(false, fc.constant(true), 3),
    consumerLeaseSeconds: fc.constantFrom(3, 7),
    concurrency: fc.constantFrom(1, 10),
    transactions: fc.array(transaction, { minLength: 1, maxLength: 10, size: 'max' }),
    handlers: fc.array(fc.array(handlerStep, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 8 }),
    wireFaults: fc.record({
      throttle: rate,
      error: rate,
      lostReply: rate,
      stall: rate,
      halfBatch: rate,
      duplicate: rate,
    }),
    databaseFaults: fc.record({ lostBefore: rate, lostAfter: rate, serialization: rate, slow: rate }),
    crashes: some(fc.record({ at, which, ghostMs }), 3),
    stepCrashes: some(fc.record({ which, step: fc.nat(120), ghostMs }), 3),
    stops: some(fc.record({ at, which }), 2),
    freezes: some(fc.record({ at, which, ms: fc.oneof(fc.nat(3_000), fc.nat(20_000)) }), 3),
    suspensions: seldom<Span[]>([], fc.array(span(30_000), { minLength: 1, maxLength: 1 })),
    outages: some(span(8_000), 2),
    laneOutage: seldom<OutboxSchedule['laneOutage']>(
      undefined,
      fc.record({ at, ms: fc.nat(120_000), subject: fc.nat(SUBJECTS - 1) }),
    ),
  })
  // Somebody has to relay, and what is refused for good has no number that others would wait for.
  .map(schedule => ({
    ...schedule,
    relays: schedule.relays.includes(true) ? schedule.relays : schedule.relays.map(() => true),
    transactions: schedule.transactions.map(each => ({
      ...each,
      emits: each.emits.map(one => ({ ...one, isRefused: one.isRefused && one.kind !== 'numbered' })),
    })),
  }));

const CALM: Pick<
  OutboxSchedule,
  'wireFaults' | 'databaseFaults' | 'crashes' | 'stepCrashes' | 'stops' | 'freezes' | 'suspensions' | 'outages'
> = {
  wireFaults: {},
  databaseFaults: { lostBefore: 0, lostAfter: 0, serialization: 0, slow: 0 },
  crashes: [],
  stepCrashes: [],
  stops: [],
  freezes: [],
  suspensions: [],
  outages: [],
};

/** In one of eight nothing is wrong but one lane: the others must not wait for it. */
const outboxSchedules: fc.Arbitrary<OutboxSchedule> = fc.oneof(
  { weight: 7, arbitrary: anySchedules },
  { weight: 1, arbitrary: anySchedules.map(schedule => ({ ...schedule, ...CALM })) },
);

/** Kinds of trouble that can be left out, to see what is left. */
const TROUBLES: Record<string, (schedule: OutboxSchedule) => OutboxSchedule> = {
  crashes: schedule => ({ ...schedule, crashes: [], stepCrashes: [] }),
  stops: schedule => ({ ...schedule, stops: [] }),
  freezes: schedule => ({ ...schedule, freezes: [] }),
  suspensions: schedule => ({ ...schedule, suspensions: [] }),
  outages: schedule => ({ ...schedule, outages: [] }),
  lanes: schedule => ({ ...schedule, laneOutage: undefined }),
  wire: schedule => ({ ...schedule, wireFaults: {} }),
  database: schedule => ({ ...schedule, databaseFaults: CALM.databaseFaults }),
  handlers: schedule => ({ ...schedule, handlers: [[{ outcome: 'ok', ms: 0, marksFirst: false }]] }),
};

export function outboxSchedulesWithout(troubles: readonly string[]): fc.Arbitrary<OutboxSchedule> {
  const changes = troubles.map(name => {
    const change = TROUBLES[name];
    if (!change) throw new Error(`--without takes ${Object.keys(TROUBLES).join()}, not ${name}`);
    return change;
  });
  return outboxSchedules.map(schedule => changes.reduce((changed, change) => change(changed), schedule));
}
