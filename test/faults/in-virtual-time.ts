import { randomOf } from '../support/random.mjs';
import { VirtualTime } from './virtual-time.ts';

/** Runs a simulation whose every timer, clock and random number follows from its seed, so that it can be replayed. */
export async function inVirtualTime(seed: number, run: (time: VirtualTime) => Promise<number>): Promise<number> {
  const time = new VirtualTime();
  const { random } = Math;
  const { stackTraceLimit } = Error;
  time.install();
  // The library's own. What the simulation draws is another sequence.
  Math.random = randomOf(seed + 1);
  // A hundred errors for each schedule, which nobody reads.
  Error.stackTraceLimit = 0;
  try {
    return await run(time);
  } finally {
    Math.random = random;
    Error.stackTraceLimit = stackTraceLimit;
    time.uninstall();
  }
}
