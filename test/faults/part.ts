// A part of the schedules, in a process of its own: tells its parent how far it is, and what went wrong.
import * as fc from 'fast-check';
import { schedulesWithout } from './arbitrary-schedule.ts';
import type { Schedule } from './schedule.ts';
import { simulate } from './simulation.ts';

const { runs, seed, path, without, shrinkSeconds } = JSON.parse(process.argv[2] ?? '') as PartOptions;

export interface PartOptions {
  runs: number;
  seed: number;
  /** Where in the schedules of that seed to begin. */
  path: string;
  /** Kinds of trouble that are left out. */
  without: string[];
  /** For how long to look for a smaller schedule. */
  shrinkSeconds: number;
}

export interface PartProgress {
  done: number;
  injected: number;
  isViolated: boolean;
}

const TELL_EVERY_MS = 1_000;

type Found = fc.RunDetails<[Schedule]>;

/** The parent has died. */
const leave = (): never => process.exit(1);
process.once('disconnect', leave);

let done = 0;
let injected = 0;
const now = Date.now.bind(Date);
let toldAt = now();

const schedules = schedulesWithout(without);
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
    `\nreplay: npm run test:faults -- --runs=1 --seed=${seed} --path=${counterexamplePath}${without.length > 0 ? ` --without=${without.join()}` : ''}`,
  );
}
