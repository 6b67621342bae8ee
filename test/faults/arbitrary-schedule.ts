import * as fc from 'fast-check';
import { batch, circuitBreaker, limitByKey, rateLimit, sharing } from './arbitrary-steering.ts';
import {
  LONGEST_LATER_SECONDS,
  USUAL,
  type Moment,
  type Restart,
  type Schedule,
  type ScheduledMessage,
  type Span,
  type Step,
  type Version,
} from './schedule.ts';

const MINUTES = 60_000;
const HOURS = 60 * MINUTES;

const rate = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.double({ min: 0, max: 0.2, noNaN: true }) },
  { weight: 1, arbitrary: fc.double({ min: 0.3, max: 0.9, noNaN: true }) },
);

/** Mostly `usual`. */
const seldom = <T>(usual: T, rare: fc.Arbitrary<T>, weight = 7): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: rare });

const maybe = <T>(what: fc.Arbitrary<T>, weight: number): fc.Arbitrary<T | undefined> =>
  seldom<T | undefined>(undefined, what, weight);

const step: fc.Arbitrary<Step> = fc.record({
  outcome: fc.oneof(
    { weight: 24, arbitrary: fc.constant('ok' as const) },
    { weight: 12, arbitrary: fc.constant('throw' as const) },
    { weight: 4, arbitrary: fc.constantFrom('retry-later' as const, 'dead-letter' as const, 'discard' as const) },
    { weight: 1, arbitrary: fc.constant('kill' as const) },
  ),
  ms: fc.oneof(
    { weight: 16, arbitrary: fc.nat(200) },
    { weight: 2, arbitrary: fc.nat(60_000) },
    { weight: 1, arbitrary: fc.nat(300_000) },
  ),
  // Of 5 s a message asks for more than SQS's 1,000 receives, which takes a schedule's time.
  seconds: fc.oneof(
    { weight: 14, arbitrary: fc.constant(120) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: LONGEST_LATER_SECONDS }) },
    { weight: 1, arbitrary: fc.constant(5) },
  ),
});

const moment: fc.Arbitrary<Moment> = fc.record({ at: fc.nat(120_000), which: fc.nat(2) });

const restart: fc.Arbitrary<Restart> = fc.record({
  at: fc.nat(120_000),
  which: fc.nat(2),
  version: fc.nat(1),
  within: fc.oneof(fc.constant(0), fc.constant(5_000), fc.nat(30_000)),
});

const version: fc.Arbitrary<Version> = fc.record({
  takesNew: fc.boolean(),
  ordering: fc.constantFrom('none', 'latest', 'sequential'),
  maxReceiveCount: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant(5)),
  skip: fc.boolean(),
  concurrency: fc.integer({ min: 1, max: 20 }),
});

/** In most schedules all is one version. */
const versions: fc.Arbitrary<Version[]> = fc.oneof(
  {
    weight: 2,
    arbitrary: version.map(one => [
      { ...one, takesNew: true },
      { ...one, takesNew: true },
    ]),
  },
  { weight: 1, arbitrary: fc.tuple(version, version).map(both => both) },
);

const message: fc.Arbitrary<ScheduledMessage> = fc.record({
  at: fc.nat(60_000),
  group: fc.nat(2),
  source: seldom(0, fc.nat(1), 2),
  type: seldom<'work' | 'new'>('work', fc.constant('new'), 5),
  padding: seldom(0, fc.constantFrom(700, 2_000)),
  outcomes: fc.array(step, { minLength: 1, maxLength: 4 }),
});

const span = (most: number): fc.Arbitrary<Span> => fc.record({ at: fc.nat(120_000), ms: fc.nat(most) });

const some = <T>(what: fc.Arbitrary<T>, most: number): fc.Arbitrary<T[]> =>
  seldom<T[]>([], fc.array(what, { minLength: 1, maxLength: most }), 3);

const anySchedules: fc.Arbitrary<Schedule> = fc.record({
  seed: fc.nat(),
  fifo: fc.boolean(),
  inbox: fc.oneof(
    { weight: 1, arbitrary: fc.constant('none' as const) },
    { weight: 2, arbitrary: fc.constantFrom('memory' as const, 'shared' as const) },
  ),
  heed: fc.constantFrom('never', 'asks', 'stops'),
  useCases: seldom(1, fc.constant(2), 3),
  gapless: fc.boolean(),
  leaseSeconds: fc.constantFrom(7, 13, 29, 31),
  waitSeconds: fc.constantFrom(20, 20, 13, 7, 1),
  handlerTimeoutMs: fc.oneof(fc.constant(120_000), fc.integer({ min: 1_000, max: 120_000 })),
  backoff: seldom<'default' | 'short'>('short', fc.constant('default'), 3),
  retentionSeconds: seldom(USUAL.retentionSeconds, fc.constantFrom(3_600, 14_400)),
  letterBytes: seldom(USUAL.letterBytes, fc.constant(1_024)),
  versions,
  fleet: fc.array(fc.nat(1), { minLength: 1, maxLength: 3 }),
  messages: fc.array(message, { maxLength: 12, size: 'max' }).map(
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
    // More would use up the 1,000 receives that SQS allows.
    duplicate: rate.map(each => each / 2),
    disorder: rate,
    overLimit: rate,
    storeError: rate,
    storeLost: rate,
  }),
  crashes: some(moment, 3),
  restarts: some(restart, 3),
  outages: some(
    fc.record({ at: fc.nat(120_000), ms: fc.nat(60_000), kind: fc.constantFrom('away', 'refuses', 'slot') }),
    2,
  ),
  forgets: some(fc.nat(120_000), 1),
  letterOutages: some(span(10 * MINUTES), 1),
  clockSteps: some(fc.record({ at: fc.nat(120_000), by: fc.integer({ min: -2 * HOURS, max: 2 * HOURS }) }), 2),
  suspensions: some(span(5 * MINUTES), 1),
  pauses: some(
    fc.tuple(moment, span(5 * MINUTES)).map(([one, other]) => ({ ...one, ...other })),
    2,
  ),
  rateLimit: maybe(rateLimit, 3),
  circuitBreaker: maybe(circuitBreaker, 3),
  retryLaterForSeconds: fc.constantFrom(1_200, 7_200),
  // What is new stands last: a seed gives the same schedules as before, but for what is new.
  batch: maybe(batch, 3),
  sharing: maybe(sharing, 3),
  limitByKey: maybe(limitByKey, 3),
});

/** So long handlers take at most where a queue keeps messages for hours only: none waits for its turn until it is over. */
const QUICK_MS = 20_000;
/** Long polls that a message may wait for at one time: hours of short ones would take most of the time of all schedules. */
const MOST_POLLS = 360;

/** What cannot be together, or would take too long. */
const consistent = (schedule: Schedule): Schedule => affordable(fitting(shareable(schedule)));

/** What all processes steer together they keep in a store that they share. */
const shareable = (schedule: Schedule): Schedule =>
  schedule.inbox === 'shared'
    ? schedule
    : {
        ...schedule,
        sharing: undefined,
        limitByKey: schedule.limitByKey && { ...schedule.limitByKey, shared: false },
      };

/**
 * On FIFO a group waits behind its head for as long as that asks for, so a queue that keeps messages for hours would lose
 * those behind it to no fault of anybody. A letter that never fits is given up when its queue gives the message up, which
 * must not take the 14 days of a schedule that only has to end.
 */
function fitting(schedule: Schedule): Schedule {
  const { fifo, letterBytes, retentionSeconds, messages } = schedule;
  const isSmall = letterBytes < USUAL.letterBytes;
  if (fifo) {
    const fitting = messages.map(each => ({ ...each, padding: isSmall ? Math.min(each.padding, 700) : each.padding }));
    return { ...schedule, retentionSeconds: USUAL.retentionSeconds, messages: fitting };
  }
  const hasUnfit = isSmall && messages.some(({ padding }) => padding > letterBytes);
  const kept = hasUnfit ? Math.min(retentionSeconds, 14_400) : retentionSeconds;
  const changed = { ...schedule, retentionSeconds: kept };
  if (kept === USUAL.retentionSeconds) return changed;
  return steps(step => ({ ...step, ms: Math.min(step.ms, QUICK_MS) }))(changed);
}

function affordable(schedule: Schedule): Schedule {
  const { waitSeconds, retentionSeconds, retryLaterForSeconds } = schedule;
  const mostSeconds = waitSeconds * MOST_POLLS;
  const isShort = retentionSeconds < USUAL.retentionSeconds;
  const kept = isShort && waitSeconds < 20 ? Math.min(retentionSeconds, 3_600) : retentionSeconds;
  return steps(step => ({ ...step, seconds: Math.min(step.seconds, mostSeconds) }))({
    ...schedule,
    retentionSeconds: kept,
    retryLaterForSeconds: Math.min(retryLaterForSeconds, kept, mostSeconds),
  });
}

const steps =
  (change: (step: Step) => Step) =>
  (schedule: Schedule): Schedule => ({
    ...schedule,
    messages: schedule.messages.map(each => ({ ...each, outcomes: each.outcomes.map(change) })),
  });

const schedules = anySchedules.map(consistent);

/** What can be left out of all schedules, to see what is left. */
const TROUBLES: Record<string, (schedule: Schedule) => Schedule> = {
  overtime: schedule =>
    steps(step => ({ ...step, ms: Math.min(step.ms, 60_000) }))({ ...schedule, handlerTimeoutMs: 120_000 }),
  kill: steps(step => (step.outcome === 'kill' ? { ...step, outcome: 'throw' } : step)),
  later: steps(step => (step.outcome === 'retry-later' ? { ...step, outcome: 'throw' } : step)),
  backoff: schedule => ({ ...schedule, backoff: 'short' }),
  versions: schedule => ({ ...schedule, versions: schedule.versions.slice(0, 1), fleet: schedule.fleet.map(() => 0) }),
  unknown: schedule => ({ ...schedule, messages: schedule.messages.map(each => ({ ...each, type: 'work' })) }),
  sources: schedule => ({ ...schedule, messages: schedule.messages.map(each => ({ ...each, source: 0 })) }),
  crashes: schedule => ({ ...schedule, crashes: [] }),
  restarts: schedule => ({ ...schedule, restarts: [] }),
  outages: schedule => ({ ...schedule, outages: [] }),
  refusals: schedule => ({ ...schedule, outages: schedule.outages.map(each => ({ ...each, kind: 'away' })) }),
  forgets: schedule => ({ ...schedule, forgets: [] }),
  letters: schedule => ({ ...schedule, letterOutages: [] }),
  retention: schedule => ({ ...schedule, retentionSeconds: USUAL.retentionSeconds }),
  size: schedule => ({ ...schedule, letterBytes: USUAL.letterBytes }),
  clock: schedule => ({ ...schedule, clockSteps: [] }),
  suspensions: schedule => ({ ...schedule, suspensions: [] }),
  pauses: schedule => ({ ...schedule, pauses: [] }),
  limits: schedule => ({ ...schedule, rateLimit: undefined }),
  breaker: schedule => ({ ...schedule, circuitBreaker: undefined }),
  batches: schedule => ({ ...schedule, batch: undefined }),
  sharing: schedule => ({ ...schedule, sharing: undefined }),
  keys: schedule => ({ ...schedule, limitByKey: undefined }),
  faults: schedule => ({ ...schedule, faults: {} }),
};

export function schedulesWithout(troubles: readonly string[]): fc.Arbitrary<Schedule> {
  const changes = troubles.map(name => {
    const change = TROUBLES[name];
    if (!change) throw new Error(`--without takes ${Object.keys(TROUBLES).join()}, not ${name}`);
    return change;
  });
  return schedules.map(schedule => changes.reduce((changed, change) => change(changed), schedule));
}
