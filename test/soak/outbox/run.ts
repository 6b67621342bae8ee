// Users register and change over HTTP in two processes of `users`, three of `notifications` follow them, all with one
// PostgreSQL: one process is killed each second, PostgreSQL and the broker are restarted twice. Then calm, and triggers
// in the database tell what was committed and what effect it had. --minutes: of faults; --changes, --users: how many;
// --seed: of the faults. The services as built, a PostgreSQL of this machine, no Redis.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startMailCatcher } from '../../../tools/demo/mail-catcher.mjs';
import { stopSignal } from '../../../tools/demo/stop-signal.mjs';
import { PostgresProcess } from '../../support/postgres-process.mjs';
import { randomOf } from '../../support/random.mjs';
import { ServiceSlot } from '../fleet.ts';
import { Ledger } from '../ledger.ts';
import { RestartableBroker } from '../restartable-broker.ts';
import { Books, compare } from './books.ts';
import { HttpLoad } from './http-load.ts';
import { Outages } from './outages.ts';

const { values } = parseArgs({
  options: {
    outbox: { type: 'boolean' },
    minutes: { type: 'string', default: '10' },
    changes: { type: 'string', default: '20000' },
    users: { type: 'string', default: '2000' },
    seed: { type: 'string' },
  },
});
const durationMs = Number(values.minutes) * 60_000;
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
/** Leases of relays, claims and messages, one after the other; the rate of the mails; a machine that has to catch up. */
const CALM_LIMIT_MS = 900_000;
const PROGRESS_EVERY_MS = 10_000;
const MAX_VIOLATIONS_TOLD = 20;
/** Of `users`. */
const CHANGES = /^user\./;

const random = randomOf(seed);
const signal = stopSignal();
const directory = mkdtempSync(join(tmpdir(), 'soak-outbox-'));
const pids = new Set<number>();
const berths: ServiceSlot[] = [];
let isJudged = false;
// Whatever ends it: nothing that it started is left. PostgreSQL ends by itself with who started it.
process.on('exit', code => {
  if (isJudged) return;
  for (const berth of berths) berth.abandon();
  const why = signal.aborted ? (signal.reason as Error).message : `exit code ${code}`;
  console.error(`the soak has ended without a verdict: ${why}`);
});
signal.addEventListener('abort', () => process.exit(1));
const startedAt = Date.now();
const say = (text: string): void =>
  console.log(`${String(Math.round((Date.now() - startedAt) / 1000)).padStart(4)} s  ${text}`);

const broker = new RestartableBroker({ seed, random });
const endpoint = await broker.listen();
const ledger = new Ledger(broker.core);
const mail = await startMailCatcher();
// What was committed is there after a crash.
const postgres = await PostgresProcess.create({ synchronous_commit: 'on' });
await postgres.start();
const env = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  EFFECT_LOG: join(directory, 'effects.ndjson'),
  SMTP_URL: mail.url,
  APPS_DIR: join(import.meta.dirname, '../../../apps'),
  PORT: '0',
  DATABASE_URL: postgres.url,
};
const berth = (name: string, app: string): ServiceSlot =>
  new ServiceSlot({ name, app, endpoint, env, spared: false, release: 1, pids, signal });
const users = [1, 2].map(n => berth(`users ${n}`, 'users'));
const notifications = [1, 2, 3].map(n => berth(`notifications ${n}`, 'notifications'));
berths.push(...notifications, ...users);
// SNS would drop what nobody has subscribed to.
await Promise.all(berths.map(each => each.start()));
await withBooks(books => books.watch());
say(`seed ${seed}; ${berths.length} processes, PostgreSQL`);

const load = new HttpLoad({
  users: Number(values.users),
  changes: Number(values.changes),
  random,
  url: () => users[Math.floor(Math.random() * users.length)]?.url,
});
const outages = new Outages({ random, berths, serving: users, postgres, broker, ms: durationMs });
const progress = setInterval(
  () =>
    say(
      `${load.registered} users, ${load.changed} changes, ${load.refused} refused, ${load.retried} requests again; ${ledger.accepted.size} messages in queues so far, ${ledger.left.length} of them still; ${outages.kills} kills`,
    ),
  PROGRESS_EVERY_MS,
);
await Promise.all([load.run(durationMs), outages.run()]);
say('calm');
await until(isAllDone, CALM_LIMIT_MS);
const violations = await verdict();
await Promise.all(berths.map(each => each.stop()));
clearInterval(progress);
await Promise.all([mail.stop(), broker.stop(), postgres.remove()]);
violations.push(...berths.flatMap(each => each.violations));
const alive = [...pids].filter(isAlive);
if (alive.length > 0) violations.push(`processes are left: ${alive.join()}`);

for (const text of violations.slice(0, MAX_VIOLATIONS_TOLD)) console.error(`VIOLATION ${text}`);
const starts = berths.reduce((sum, each) => sum + each.starts, 0);
say(
  `soak of the outbox (seed ${seed}): ${load.registered} users, ${load.changed} changes, ${load.refused} transactions that could not commit, ${load.retried} requests again; ${outages.kills} kills, ${starts} processes, PostgreSQL restarted ${outages.postgresRestarts} times, the broker ${outages.brokerRestarts} times; ${mail.mails.length} mails; ${violations.length} violations`,
);
isJudged = true;
rmSync(directory, { recursive: true, force: true });
process.exit(violations.length > 0 ? 1 : 0);

/** Everything has come to its end. */
async function isAllDone(): Promise<boolean> {
  if (ledger.left.length > 0) return false;
  return withBooks(async books => {
    const [{ waiting, scheduled }, { unwelcome }, remembered] = [
      await books.outbox(),
      await books.users(),
      await books.remembered(),
    ];
    return waiting + scheduled + unwelcome + remembered === 0 && ledger.left.length === 0;
  });
}

async function verdict(): Promise<string[]> {
  return withBooks(async books => {
    const [changes, effects] = [await books.changes(), await books.effects()];
    const found = compare(changes, effects);
    const committed = new Set(changes.map(({ userId, version }) => `${userId} ${version}`));
    for (const { type, subject, version } of ledger.accepted.values())
      if (CHANGES.test(type) && !committed.has(`${subject} ${version}`))
        found.push(`${type} of user ${subject} was heard of, and its version ${version} was never committed`);
    const { waiting, scheduled, refused } = await books.outbox();
    if (waiting + scheduled + refused > 0)
      found.push(`the outbox has ${waiting} messages, ${scheduled} scheduled and ${refused} refused`);
    if (ledger.left.length > 0) found.push(`${ledger.left.length} messages are left in queues`);
    for (const { reason } of ledger.letters.values()) found.push(`a message was dead-lettered: ${reason}`);
    const { living, unwelcome } = await books.users();
    if (unwelcome > 0) found.push(`${unwelcome} of ${living} users have no preferences or no welcome`);
    const remembered = await books.remembered();
    if (remembered > 0) found.push(`the data of ${remembered} deleted users is still there`);
    say(`${changes.length} committed changes, ${effects.length} effects, ${living} users`);
    return found;
  });
}

async function withBooks<T>(work: (books: Books) => Promise<T>): Promise<T> {
  const books = await Books.open(postgres.url);
  try {
    return await work(books);
  } finally {
    await books.close();
  }
}

async function until(condition: () => Promise<boolean>, limitMs: number): Promise<void> {
  const end = Date.now() + limitMs;
  while (Date.now() < end && !(await condition())) await pause(250);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
