/** Whether `work` ends within `ms`. */
export function finishesWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  return finishes(work, ms, ms);
}

const TURN_MS = 50;

/**
 * As {@link finishesWithin}, of a process that runs: however long it stands still at a time, that counts as 50 ms. On a
 * busy machine the time may be over before the process has sent what it waits for, or read the answer.
 */
export function finishesWithinTurns(work: Promise<unknown>, ms: number): Promise<boolean> {
  return finishes(work, ms, TURN_MS);
}

/** Whether `work` ends within `ms`, and `graceMs` at least: these come last, and count the process's own time only. */
export async function finishesWithGrace(work: Promise<unknown>, ms: number, graceMs: number): Promise<boolean> {
  if (ms > graceMs && (await finishesWithin(work, ms - graceMs))) return true;
  return finishesWithinTurns(work, graceMs);
}

async function finishes(work: Promise<unknown>, ms: number, stepMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>(resolve => {
    const wait = (left: number): void => {
      timer = setTimeout(() => (left > stepMs ? wait(left - stepMs) : resolve(false)), Math.min(left, stepMs));
    };
    wait(ms);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
