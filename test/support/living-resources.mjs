import { setTimeout as sleep } from 'node:timers/promises';

/** Calls that end by themselves, and the channel of a worker. */
const PASSING =
  /^(CloseReq|FSReq|GetAddrInfoReq|Immediate|MessagePort|PipeWrap|RandomBytes|ShutdownWrap|TCPConnectWrap|TTYWrap|WriteWrap)/;
const LOOK_EVERY_MS = 20;

/** How many there are of each kind of resource that keeps this process alive. What was `unref`ed does not count. */
export function livingResources() {
  const counts = new Map();
  for (const kind of process.getActiveResourcesInfo()) {
    if (!PASSING.test(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

const beyond = before =>
  [...livingResources()].flatMap(([kind, count]) => {
    const more = count - (before.get(kind) ?? 0);
    return more > 0 ? [`${more} ${kind}`] : [];
  });

/** What is more than `before`, once it has had up to `graceMs` to end: such as `['1 Timeout']`. */
export async function leftBeyond(before, graceMs) {
  const endsAt = performance.now() + graceMs;
  let left = beyond(before);
  while (left.length > 0 && performance.now() < endsAt) {
    await sleep(LOOK_EVERY_MS, undefined, { ref: false });
    left = beyond(before);
  }
  return left;
}
