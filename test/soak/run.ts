// Events and commands through the built sample services, two releases of one of them side by side, while something fails
// every second and processes are replaced; then calm, and the books are balanced. --minutes: of faults; --events,
// --commands: how many; --deploy-every: seconds between two deploys; --seed: of the faults. Needs `redis-server`. The inbox of
// `users` is in Redis, that of `notifications` in PostgreSQL. DATABASE_URL names a PostgreSQL in place of PGlite for `users`
// and of one that is started here for `notifications`.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { groupBy } from '../support/group-by.ts';
import { PostgresProcess } from '../support/postgres-process.mjs';
import { freePort } from '../support/redis-process.mjs';
import type { ServiceSlot } from './fleet.ts';
import { FaultyProxy } from './faulty-proxy.ts';
import { Load } from './load.ts';
import type { Release } from './releases.ts';
import { rememberedBy } from './remembered.ts';
import { RestartableRedis } from './restartable-redis.ts';
import { RollingDeploy } from './rolling-deploy.ts';
import { openScene, until } from './scene.ts';
import { Storm } from './storm.ts';
import { judge, memoryTrends, readEffects } from './verdict.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    events: { type: 'string', default: '50000' },
    commands: { type: 'string', default: '10000' },
    'deploy-every': { type: 'string', default: '20' },
    seed: { type: 'string' },
  },
});
const durationMs = Number(values.minutes) * 60_000;
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const PROGRESS_EVERY_MS = 10_000;
/**
 * Twice the longest time for which an event waits before it looks again whether those before it have come, a quarter of
 * the `gapTimeoutMs` of `notifications`, half an hour; and a machine with two cores that has to catch up.
 */
const CALM_LIMIT_MS = 1_200_000;

const scene = await openScene('soak', seed);
const { random, directory, berths, startedAt, broker, endpoint, ledger, mail, say } = scene;
const redis = await startRedis();
const effectLog = scene.env.EFFECT_LOG;
writeFileSync(effectLog, '');
const database = process.env['DATABASE_URL'];
// The inbox and the outbox of three processes.
const postgres = database === undefined ? await PostgresProcess.create() : undefined;
await postgres?.start();
const env = { PGLITE_DIR: join(directory, 'users'), REDIS_URL: redis.url };
const envOf: Record<string, Record<string, string>> = postgres ? { notifications: { DATABASE_URL: postgres.url } } : {};
const berth = (name: string, app: string, spared: boolean, release?: Release): ServiceSlot =>
  scene.berth(name, app, { ...env, ...envOf[app] }, spared, release);
// PGlite lives in one process.
const users = [berth('users 1', 'users', Boolean(database)), ...(database ? [berth('users 2', 'users', false)] : [])];
// What only the second release knows is subscribed before the first event: SNS would drop it otherwise.
const notifications = [1, 2, 3].map(n => berth(`notifications ${n}`, 'notifications', n === 1, n === 3 ? 2 : 1));
// The first one makes the tables.
await users[0]?.start();
await Promise.all(berths.filter(each => each !== users[0]).map(each => each.start()));
say(
  `seed ${seed}; ${berths.length} processes, ${database ? 'PostgreSQL' : 'PGlite for users, PostgreSQL for notifications'}, Redis`,
);

const own = new FaultyProxy(Number(new URL(endpoint).port));
await own.listen();
const load = new Load({
  events: Number(values.events),
  commands: Number(values.commands),
  aws: {
    endpoint: own.url,
    region: scene.env.AWS_REGION,
    credentials: { accessKeyId: scene.env.AWS_ACCESS_KEY_ID, secretAccessKey: scene.env.AWS_SECRET_ACCESS_KEY },
  },
  urlOfUsers: () => users[Math.floor(Math.random() * users.length)]?.url,
});
const storm = new Storm({ random, proxies: [own, ...berths.map(({ proxy }) => proxy)], berths, broker, redis });
const deploys = new RollingDeploy({
  berths: notifications.filter(({ spared }) => !spared),
  everyMs: Number(values['deploy-every']) * 1_000,
});
const progress = setInterval(
  () =>
    say(
      `${ledger.accepted.size} messages in queues so far, ${ledger.left.length} of them still, ${ledger.letters.size} dead letters, ${mail.mails.length} mails, ${storm.total} faults`,
    ),
  PROGRESS_EVERY_MS,
);

const underWay = [storm.run(), deploys.run()];
await load.run(durationMs);
storm.end();
deploys.end();
await Promise.all(underWay);
say('calm');
const isDrained = await until(() => ledger.left.length === 0, CALM_LIMIT_MS);
const welcomed = isDrained ? await usersThatAreWelcome() : 0;
await load.close();
await Promise.all(berths.map(each => each.stop()));
clearInterval(progress);
const remembered = await rememberedBy(postgres?.url ?? database ?? '');
await Promise.all([own.close(), mail.stop(), broker.stop(), redis.stop(), postgres?.remove()]);

const effects = readEffects(effectLog);
const verdict = judge({
  ledger,
  effects,
  published: [
    ...load.published,
    // A command of the services has its event's id for deduplication: a second one is accepted and not taken.
    ...effects.filter(({ what, type }) => what === 'published' && type !== 'send-welcome-email').map(({ id }) => id),
  ],
  kills: berths.flatMap(({ killedAt }) => killedAt),
  told: berths.flatMap(({ toldAt }) => toldAt),
  outages: redis.outages,
  mails: mail.mails,
  remembered,
});
const violations = [...scene.violations(), ...verdict.violations];
if (welcomed !== load.users.length)
  violations.push(
    `${load.users.length - welcomed} of ${load.users.length} users lack what the events should have done`,
  );
const memory = memoryTrends(effects);
for (const { pid, parts, isFlat } of memory)
  if (!isFlat) violations.push(`the heap of process ${pid} has grown by ${parts.heap.growth.toFixed(0)} MiB`);

report();
scene.end(violations);

function textOf({ mean, growth }: { mean: number; growth: number }): string {
  return `${mean.toFixed(1)} MiB (trend ${growth.toFixed(1)})`;
}

function report(): void {
  const { counts, lanes, subjects, repeated, unexplained } = verdict;
  const types = groupBy(new Map([...ledger.accepted.values()].map(each => [each.id, each])).values(), ({ queue }) =>
    queue.endsWith('.fifo') ? 'commands' : 'events',
  );
  console.log(
    `\nfaults: ${Object.entries(storm.done)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')}`,
  );
  console.log(
    `processes: ${berths.reduce((sum, { starts }) => sum + starts, 0)} started, ${berths.reduce((sum, { failedStarts }) => sum + failedStarts.length, 0)} of them could not reach AWS at their start; the slowest ended ${(Math.max(...berths.map(({ slowestStop }) => slowestStop)) / 1000).toFixed(1)} s after SIGTERM`,
  );
  for (const { pid, samples, parts } of memory)
    console.log(
      `memory of process ${pid}, ${samples} samples: ${Object.entries(parts)
        .map(([name, trend]) => `${name} ${textOf(trend)}`)
        .join(', ')}`,
    );
  console.log(
    `lanes: ${lanes}; subjects in order: ${subjects}; mails: ${verdict.mails}; users: ${welcomed}; refused publishes: ${load.refused}`,
  );
  console.log(
    `deploys: ${deploys.done}; handled by the first release of notifications: ${verdict.byRelease[1]}, by the second: ${verdict.byRelease[2]}`,
  );
  if (verdict.repeated > 0) console.log(`handled again: ${verdict.reasons.join(', ')}`);
  scene.tell(violations);
  console.log(
    `soak of ${((Date.now() - startedAt) / 60_000).toFixed(1)} minutes (seed ${seed}): ${types.get('events')?.length ?? 0} events and ${types.get('commands')?.length ?? 0} commands, ${counts.accepted} messages accepted = ${counts.done} done + ${counts.skipped} overtaken + ${counts.deadLettered} dead-lettered, ${counts.left} left; ${repeated} handled again, ${unexplained} of them without a reason; ${storm.total} faults, ${violations.length} violations`,
  );
}

/** Each user that registered has its preferences and its mark: both services did their part. */
async function usersThatAreWelcome(): Promise<number> {
  let count = 0;
  for (const id of load.users) {
    const user = await until(async () => {
      const found = await fetch(`${users[0]?.url}/users/${id}`).then(
        response => response.json() as Promise<{ welcomedAt?: string; preferences?: object }>,
        () => undefined,
      );
      return found?.welcomedAt && found.preferences ? found : undefined;
    }, 1_000);
    if (user) count += 1;
  }
  return count;
}

async function startRedis(): Promise<RestartableRedis> {
  if (spawnSync('redis-server', ['--version']).error)
    throw new Error('the soak needs `redis-server`: apt-get install redis-server, brew install redis');
  const server = new RestartableRedis(await freePort(), directory);
  await server.start();
  return server;
}
