// Random schedules of messages, faults, crashes and restarts against the library's publisher and consuming side, on the
// core of the embedded broker, in virtual time, one process for each core. --outbox: of transactions, relays and handlers
// on a model of PostgreSQL instead. --runs: how many; --seed: of the first; --path:
// where in the schedules of that seed to begin, to replay what failed; --without: kinds of trouble to leave out, of
// `TROUBLES`; --shrink: for how many seconds to look for a smaller one of what failed.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { PartOptions, PartProgress } from './part.ts';

interface Part extends PartProgress {
  child: ChildProcess;
  ended: Promise<void>;
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20000' },
    seed: { type: 'string' },
    path: { type: 'string' },
    without: { type: 'string', default: '' },
    shrink: { type: 'string', default: '60' },
    outbox: { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs);
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
const SAY_EVERY_MS = 5_000;
/** In MiB: nearly all that a schedule makes is garbage at its end, and is collected the cheaper the less often. */
const YOUNG = ['--min-semi-space-size=32', '--max-semi-space-size=32'];

const startedAt = Date.now();
const seconds = (): number => (Date.now() - startedAt) / 1000;
const parts = split(values.path === undefined ? Math.min(availableParallelism(), runs) : 1).map(start);
const total = (what: keyof PartProgress): number => parts.reduce((sum, part) => sum + Number(part[what]), 0);

const progress = setInterval(
  () => console.log(`${total('done')} of ${runs} schedules, ${total('injected')} faults, ${Math.round(seconds())} s`),
  SAY_EVERY_MS,
);
await Promise.all(parts.map(({ ended }) => ended));
clearInterval(progress);
console.log(
  `${total('done')} schedules in ${seconds().toFixed(1)} s (seed ${seed}): ${total('injected')} faults injected, ${total('isViolated')} violations`,
);
process.exitCode = total('isViolated') === 0 && total('done') === runs ? 0 : 1;

/** Schedule by schedule the same, whatever the number of processes: each goes on where another's part ends. */
function split(count: number): PartOptions[] {
  const firsts = Array.from({ length: count + 1 }, (_, part) => Math.floor((runs * part) / count));
  return firsts.slice(0, -1).map((first, part) => ({
    runs: (firsts[part + 1] ?? runs) - first,
    seed,
    path: values.path ?? String(first),
    isOfOutbox: values.outbox,
    without: values.without.split(',').filter(Boolean),
    shrinkSeconds: Number(values.shrink),
  }));
}

function start(options: PartOptions): Part {
  const child = fork(join(import.meta.dirname, 'part.ts'), [JSON.stringify(options)], {
    execArgv: [...process.execArgv, ...YOUNG],
  });
  const part: Part = { child, done: 0, injected: 0, isViolated: false, ended: once(child, 'exit').then(end) };
  child.on('message', (told: PartProgress) => {
    Object.assign(part, told);
    if (told.isViolated) for (const other of parts) if (other !== part) other.child.kill();
  });
  return part;
}

function end([code, signal]: unknown[]): void {
  if (code === 0 || signal === 'SIGTERM') return;
  console.error(`a process that ran schedules ended with ${String(code ?? signal)}`);
}
