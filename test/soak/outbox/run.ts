// Users register and change over HTTP in two processes of `users`, three of `notifications` follow them, all with one
// PostgreSQL: one process is killed each second, PostgreSQL and the broker are restarted twice. Then calm, and triggers
// in the database tell what was committed and what effect it had. --minutes: of faults; --changes, --users: how many;
// --seed: of the faults. The services as built, a PostgreSQL of this machine, no Redis.
import { parseArgs } from 'node:util';
import { PostgresProcess } from '../../support/postgres-process.mjs';
import type { ServiceSlot } from '../fleet.ts';
import { openScene, until } from '../scene.ts';
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
/** Of `users`. */
const CHANGES = /^user\./;

const scene = await openScene('soak-outbox', seed);
const { random, berths, broker, ledger, mail, say } = scene;
// What was committed is there after a crash.
const postgres = await PostgresProcess.create({ synchronous_commit: 'on' });
await postgres.start();
const berth = (name: string, app: string): ServiceSlot => scene.berth(name, app, { DATABASE_URL: postgres.url });
const users = [1, 2].map(n => berth(`users ${n}`, 'users'));
for (const n of [1, 2, 3]) berth(`notifications ${n}`, 'notifications');
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
await until(isAllDone, CALM_LIMIT_MS, 250);
const violations = await verdict();
await Promise.all(berths.map(each => each.stop()));
clearInterval(progress);
await Promise.all([mail.stop(), broker.stop(), postgres.remove()]);
violations.push(...scene.violations());

scene.tell(violations);
const starts = berths.reduce((sum, each) => sum + each.starts, 0);
say(
  `soak of the outbox (seed ${seed}): ${load.registered} users, ${load.changed} changes, ${load.refused} transactions that could not commit, ${load.retried} requests again; ${outages.kills} kills, ${starts} processes, PostgreSQL restarted ${outages.postgresRestarts} times, the broker ${outages.brokerRestarts} times; ${mail.mails.length} mails; ${violations.length} violations`,
);
scene.end(violations);

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
