// What the outbox does: relayed events/s and CPU per event, time from commit to SQS's answer, the cost of an emit within
// a transaction, and the queries of an idle relay; beside pg-transactional-outbox, where it is
// installed (`npm ci --prefix bench/rivals`), and a loop by hand. A real PostgreSQL, and the stub with 10 ms per
// call, on the same machine. --events: how many. --rows=10000,1000000: instead, what the calls of the outbox take while so
// many messages wait; --keep: with the option `keep`. Exits with 1 if a target is missed, or could not be measured.
import { subscribe } from 'node:diagnostics_channel';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Pool } from 'pg';
import { lastValueFrom } from 'rxjs';
import { ClientSQS, SqsRecordBuilder } from '../dist/libs/nestjs-sns-sqs/esm/index.js';
import { fromPg, PostgresOutbox } from '../dist/libs/nestjs-sns-sqs/esm/postgres/index.js';
import { PostgresProcess } from '../test/support/postgres-process.mjs';
import { ServerProcess } from './lib/server-process.mjs';
import { pgTransactionalOutbox } from './outbox-rival.mjs';
import { measureRows } from './outbox-rows.mjs';
import { tellTargets } from './outbox-targets.mjs';

const { values } = parseArgs({
  options: { events: { type: 'string', default: '20000' }, rows: { type: 'string' }, keep: { type: 'boolean' } },
});
if (values.rows !== undefined) {
  await measureRows(values.rows.split(',').map(Number), values.keep === true);
  process.exit(0);
}
const events = Number(values.events);
const SUBJECTS = 2_000;
const QUEUE = 'outbox-bench';
const MESSAGES = 'nestjs_sns_sqs.outbox_messages';
const TABLES = [
  'CREATE TABLE by_hand (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text NOT NULL)',
  'CREATE TABLE users (id text PRIMARY KEY, version int NOT NULL)',
];

const database = await PostgresProcess.create();
await database.start();
const stub = await ServerProcess.start('stub');
const aws = {
  region: 'eu-west-1',
  endpoint: stub.endpoint,
  credentials: { accessKeyId: 'a', secretAccessKey: 's', accountId: '000000000000' },
};
await stub.ask('reset', { latencyMs: 10 });
let queries = 0;
const connections = new Pool({ connectionString: database.url, max: 20 });
const pool = {
  query: (...args) => {
    queries += 1;
    return connections.query(...args);
  },
};
for (const text of TABLES) await connections.query(text);

const clientOf = options => {
  const outbox = new PostgresOutbox({ pool, ...options });
  return {
    outbox,
    client: new ClientSQS({ service: 'bench', source: 'bench', queue: QUEUE, aws, wire: 'lean', outbox }),
  };
};

async function measured(work, count = events) {
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: (count / (performance.now() - startedAt)) * 1000, us: (user + system) / count };
}

const say = (what, { perSecond, us }) =>
  console.log(`${what}: ${Math.round(perSecond)} events/s, ${us.toFixed(0)} µs of CPU per event`);
const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))].toFixed(1);

/** Commits this many events, as fast as it goes: one row each, copied from one that the client wrote. */
async function backlog(client) {
  const connection = await connections.connect();
  await connection.query('BEGIN');
  const emitted = client.within(fromPg(connection)).emit('changed', { filler: 'x'.repeat(500) });
  await lastValueFrom(emitted, { defaultValue: 0 });
  await connection.query('COMMIT');
  connection.release();
  await connections.query(
    `INSERT INTO ${MESSAGES} (destination, bucket, lane, event_id, type, entry)
     SELECT destination, n % ${SUBJECTS} % 16, 'user ' || n % ${SUBJECTS}, n::text, type, entry
     FROM ${MESSAGES}, generate_series(2, ${events}) n`,
  );
  await connections.query('VACUUM ANALYZE nestjs_sns_sqs.outbox_messages');
}

async function untilEmpty() {
  for (;;) {
    const { rows } = await connections.query(`SELECT EXISTS (SELECT FROM ${MESSAGES}) AS found`);
    if (!rows[0].found) return;
    await setTimeout(20);
  }
}

async function relayed() {
  const writer = clientOf({ relay: false });
  await writer.outbox.migrate();
  await backlog(writer.client);
  const { client } = clientOf();
  await client.connect();
  const result = await measured(untilEmpty);
  say('nestjs-sns-sqs', result);
  queries = 0;
  await setTimeout(10_000);
  const idle = queries / 10;
  console.log(`  idle: ${idle.toFixed(1)} queries/s`);
  await client.close();
  await writer.client.close();
  return { ...result, idle };
}

/** Its events/s; undefined: it is not installed. */
async function rival(ours) {
  const count = Math.min(events, 500);
  const result = await pgTransactionalOutbox({
    pool: connections,
    url: database.url,
    aws,
    queueUrl: `${stub.endpoint}/000000000000/${QUEUE}`,
    count,
    measured: work => measured(work, count),
  });
  if (!result) {
    console.log('pg-transactional-outbox is not installed: npm ci --prefix bench/rivals');
    return undefined;
  }
  say(`pg-transactional-outbox, batches of ${result.batch}`, result);
  console.log(`  ours: ${(ours.perSecond / result.perSecond).toFixed(1)} times as many`);
  return result.perSecond;
}

/** Claims ten, sends one by one, deletes one by one: what many services have. */
async function byHand() {
  const sqs = new SQSClient(aws);
  const count = Math.min(events, 1_000);
  await connections.query(`INSERT INTO by_hand (body) SELECT repeat('x', 500) FROM generate_series(1, ${count})`);
  const connection = await connections.connect();
  const loop = async () => {
    for (let isEmpty = false; !isEmpty;) {
      await connection.query('BEGIN');
      const { rows } = await connection.query('SELECT * FROM by_hand ORDER BY id LIMIT 10 FOR UPDATE SKIP LOCKED');
      for (const { id, body } of rows) {
        const QueueUrl = `${stub.endpoint}/000000000000/${QUEUE}`;
        await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body }));
        await connection.query('DELETE FROM by_hand WHERE id = $1', [id]);
      }
      await connection.query('COMMIT');
      isEmpty = rows.length === 0;
    }
  };
  const result = await measured(loop, count);
  say('a loop by hand', result);
  connection.release();
  return result.perSecond;
}

/** A change of a user and its event, 200 a second; and the same change without an event. Gives the median until accepted. */
async function latency() {
  const { client } = clientOf();
  await client.connect();
  const committed = new Map();
  const took = [];
  subscribe('nestjs-sns-sqs:published', ({ id }) => {
    const at = committed.get(id);
    if (at !== undefined) took.push(performance.now() - at);
    committed.delete(id);
  });
  const spent = { with: [], without: [] };
  const change = async (n, emits) => {
    const connection = await connections.connect();
    const id = crypto.randomUUID();
    const startedAt = performance.now();
    await connection.query('BEGIN');
    await connection.query(
      'INSERT INTO users VALUES ($1, 1) ON CONFLICT (id) DO UPDATE SET version = users.version + 1',
      [`user ${n % SUBJECTS}`],
    );
    if (emits) {
      const record = new SqsRecordBuilder({ n })
        .setId(id)
        .setSubject(`user ${n % SUBJECTS}`)
        .setSequence('next')
        .build();
      await lastValueFrom(client.within(fromPg(connection)).emit('changed', record), { defaultValue: 0 });
    }
    await connection.query('COMMIT');
    const now = performance.now();
    if (emits) committed.set(id, now);
    spent[emits ? 'with' : 'without'].push(now - startedAt);
    connection.release();
  };
  const running = [];
  for (let n = 0; n < 2_000; n += 1) {
    running.push(change(n, n % 2 === 0));
    await setTimeout(2.5);
  }
  await Promise.all(running);
  await untilEmpty();
  const sorted = numbers => numbers.toSorted((a, b) => a - b);
  const ms = sorted(took);
  console.log(
    `from commit to accepted: p50 ${quantile(ms, 0.5)} ms, p99 ${quantile(ms, 0.99)} ms (a call takes 10 ms)`,
  );
  const [withEmit, without] = [sorted(spent.with), sorted(spent.without)];
  console.log(
    `a transaction: p50 ${quantile(without, 0.5)} ms without an event, ${quantile(withEmit, 0.5)} ms with one`,
  );
  await client.close();
  return Number(quantile(ms, 0.5));
}

try {
  const ours = await relayed();
  const others = { rival: await rival(ours), byHand: await byHand() };
  const areMet = tellTargets({ ...ours, ...others, p50: await latency() });
  process.exitCode = areMet ? 0 : 1;
} finally {
  await connections.end();
  stub.stop();
  await database.stop();
  await database.remove();
}
