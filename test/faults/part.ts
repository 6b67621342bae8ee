// A part of the schedules, in a process of its own: tells its parent how far it is, and what went wrong.
import * as fc from 'fast-check';

const { runs, seed, path, without, shrinkSeconds, isOfOutbox } = JSON.parse(process.argv[2] ?? '') as PartOptions;

export interface PartOptions {
  runs: number;
  seed: number;
  /** Where in the schedules of that seed to begin. */
  path: string;
  /** Kinds of trouble that are left out. */
  without: string[];
  /** Schedules of the outbox. */
  isOfOutbox: boolean;
  /** For how long to look for a smaller schedule. */
  shrinkSeconds: number;
}

export interface PartProgress {
  done: number;
  injected: number;
  isViolated: boolean;
}

const TELL_EVERY_MS = 1_000;

/** Of one schedule; gives the number of faults done, or throws. */
type Simulate = (schedule: unknown) => Promise<number>;
type Found = fc.RunDetails<[unknown]>;

/** The parent has died. */
const leave = (): never => process.exit(1);
process.once('disconnect', leave);

let done = 0;
let injected = 0;
const now = Date.now.bind(Date);
let toldAt = now();

const { schedules, simulate } = await (isOfOutbox ? ofOutbox() : ofConsumers());
const property = fc.asyncProperty(schedules, async one => {
  injected += await simulate(one);
  done += 1;
  if (now() - toldAt > TELL_EVERY_MS) tell();
});

const report = await fc.check(property, { numRuns: runs, seed, path, endOnFailure: true });
tell(report.failed);
if (report.failed) {
  say(report);
  if (shrinkSeconds > 0) console.error(`\nlooking for a smaller one, for ${shrinkSeconds} s at most`);
  if (shrinkSeconds > 0) say(await shrunk(report));
}
process.off('disconnect', leave);
process.disconnect();

async function ofConsumers(): Promise<{ schedules: fc.Arbitrary<unknown>; simulate: Simulate }> {
  const [{ schedulesWithout }, { simulate }] = await Promise.all([
    import('./arbitrary-schedule.ts'),
    import('./simulation.ts'),
  ]);
  return { schedules: schedulesWithout(without), simulate: simulate as Simulate };
}

async function ofOutbox(): Promise<{ schedules: fc.Arbitrary<unknown>; simulate: Simulate }> {
  const [{ outboxSchedulesWithout }, { simulateOutbox }] = await Promise.all([
    import('./outbox/arbitrary-schedule.ts'),
    import('./outbox/outbox-simulation.ts'),
  ]);
  return { schedules: outboxSchedulesWithout(without), simulate: simulateOutbox as Simulate };
}

function tell(isViolated = false): void {
  toldAt = now();
  process.send?.({ done, injected, isViolated } satisfies PartProgress);
}

/** The least that fails of what came of a schedule by leaving things out, as far as the time allows. */
function shrunk({ counterexamplePath }: Found): Promise<Found> {
  const same = fc.asyncProperty(schedules, async one => void (await simulate(one)));
  return fc.check(same, {
    numRuns: 1,
    seed,
    path: counterexamplePath ?? path,
    interruptAfterTimeLimit: shrinkSeconds * 1000,
  });
}

function say({ counterexample, errorInstance, counterexamplePath }: Found): void {
  console.error(`\nviolated by:\n${JSON.stringify(counterexample?.[0], undefined, 1)}`);
  console.error(errorInstance instanceof Error ? errorInstance.stack : errorInstance);
  console.error(
    `\nreplay: npm run test:faults -- ${isOfOutbox ? '--outbox ' : ''}--runs=1 --seed=${seed} --path=${counterexamplePath}${without.length > 0 ? ` --without=${without.join()}` : ''}`,
  );
}
