// A part of the schedules, in a process of its own: tells its parent how far it is, and what went wrong.
import * as fc from 'fast-check';
import { simulate } from './simulation.mjs';

const { runs, seed, path } = JSON.parse(process.argv[2]);
const TELL_EVERY_MS = 1_000;
const SHRINK_FOR_MS = 60_000;

const rate = fc.oneof(
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.double({ min: 0, max: 0.2, noNaN: true }) },
  { weight: 1, arbitrary: fc.double({ min: 0.3, max: 0.9, noNaN: true }) },
);
const step = fc.record({
  outcome: fc.oneof(
    { weight: 6, arbitrary: fc.constant('ok') },
    { weight: 3, arbitrary: fc.constant('throw') },
    { weight: 1, arbitrary: fc.constantFrom('retry-later', 'dead-letter', 'discard') },
  ),
  ms: fc.oneof({ weight: 8, arbitrary: fc.nat(200) }, { weight: 1, arbitrary: fc.nat(60_000) }),
});
const moment = fc.record({ at: fc.nat(120_000), which: fc.nat(2) });
const schedule = fc.record({
  seed: fc.nat(),
  fifo: fc.boolean(),
  skip: fc.boolean(),
  inbox: fc.boolean(),
  // Its handlers ask for their signal.
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

/** The parent has died. */
const leave = () => process.exit(1);
process.once('disconnect', leave);

let done = 0;
let injected = 0;
const now = Date.now.bind(Date);
let toldAt = now();

const property = fc.asyncProperty(schedule, async one => {
  injected += await simulate(one);
  done += 1;
  if (now() - toldAt > TELL_EVERY_MS) tell();
});

const report = await fc.check(property, { numRuns: runs, seed, path, endOnFailure: true });
tell(report.failed);
if (report.failed) {
  say(report);
  console.error(`\nlooking for a smaller one, for ${SHRINK_FOR_MS / 1000} s at most`);
  say(await shrunk(report));
}
process.off('disconnect', leave);
process.disconnect();

function tell(isViolated = false) {
  toldAt = now();
  process.send({ done, injected, isViolated });
}

/** The least that fails of what came of a schedule by leaving things out, as far as the time allows. */
function shrunk({ counterexamplePath }) {
  const same = fc.asyncProperty(schedule, async one => void (await simulate(one)));
  return fc.check(same, { numRuns: 1, seed, path: counterexamplePath, interruptAfterTimeLimit: SHRINK_FOR_MS });
}

function say({ counterexample, errorInstance, counterexamplePath }) {
  console.error(`\nviolated by:\n${JSON.stringify(counterexample?.[0], undefined, 1)}`);
  console.error(errorInstance?.stack ?? errorInstance);
  console.error(`\nreplay: npm run test:faults -- --runs=1 --seed=${seed} --path=${counterexamplePath}`);
}
