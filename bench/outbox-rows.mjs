// What the calls of the outbox take while so many messages wait: to write one, to claim and remove 400, to look, to clean
// up. A real PostgreSQL; each commit is on the disk (fsync). `npm run bench:outbox -- --rows=10000,1000000,10000000`.
import { Pool } from 'pg';
import { fromPg, PostgresOutbox } from '../dist/libs/nestjs-sns-sqs/esm/postgres/index.js';
import { PostgresProcess } from '../test/support/postgres-process.mjs';

const DURABLE = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on', shared_buffers: '256MB' };
const SCHEMA = 'nestjs_sns_sqs';
const TO = 'sns:users-domain-events';
const ROUNDS = 100;
const CLAIM = 400;
/** So many messages of each subject wait. */
const OF_SUBJECT = 5;
/** Rows of one statement: a larger one would keep all of its WAL. */
const CHUNK = 1_000_000;

const ms = (sorted, q) => `${sorted[Math.floor(q * (sorted.length - 1))].toFixed(1)}`;

async function timed(what, rounds, work) {
  const took = [];
  for (let round = 0; round < rounds; round += 1) {
    const startedAt = performance.now();
    await work(round);
    took.push(performance.now() - startedAt);
  }
  tell(what, took);
}

function tell(what, took) {
  took.sort((a, b) => a - b);
  console.log(`  ${what}: p50 ${ms(took, 0.5)} ms, p99 ${ms(took, 0.99)} ms`);
}

/** Fills the tables, in the lanes' order as writers leave them. */
async function fill(pool, rows) {
  await pool.query(
    `TRUNCATE ${SCHEMA}.outbox_messages, ${SCHEMA}.outbox_lanes, ${SCHEMA}.outbox_buckets, ${SCHEMA}.outbox_sent`,
  );
  const lanes = Math.ceil(rows / OF_SUBJECT);
  for (let from = 1; from <= rows; from += CHUNK) {
    await pool.query(
      `INSERT INTO ${SCHEMA}.outbox_messages (destination, bucket, lane, event_id, type, entry)
       SELECT $1, n % $2::int % 16, 'user ' || n % $2::int, n::text, 'user.changed', repeat('x', 300)
       FROM generate_series($3::int, $4::int) n`,
      [TO, lanes, from, Math.min(rows, from + CHUNK - 1)],
    );
  }
  await pool.query(
    `INSERT INTO ${SCHEMA}.outbox_lanes (destination, lane, sequence) SELECT $1, 'user ' || n, 5
     FROM generate_series(0, $2::int - 1) n`,
    [TO, lanes],
  );
  await pool.query('VACUUM ANALYZE');
  const { rows: sizes } = await pool.query(
    `SELECT (pg_total_relation_size('${SCHEMA}.outbox_messages') / 1048576)::int AS messages,
       (pg_total_relation_size('${SCHEMA}.outbox_lanes') / 1048576)::int AS lanes`,
  );
  console.log(`${rows} messages wait (${sizes[0].messages} MiB), of ${lanes} subjects (${sizes[0].lanes} MiB)`);
  return lanes;
}

async function measure(pool, rows, keep) {
  const lanes = await fill(pool, rows);
  const store = new PostgresOutbox({ pool, ...(keep && { keep: { days: 30 } }) });
  await store.open([TO]);
  await timed('write a numbered message in a transaction', ROUNDS * 5, async round => {
    const client = await pool.connect();
    const lane = `user ${(round * 7919) % lanes}`;
    await client.query('BEGIN');
    const sequence = await store.nextSequence(fromPg(client), TO, lane);
    const message = { destination: TO, lane, id: `${rows} ${sequence} ${round}`, type: 'user.changed', entry: '{}' };
    await store.add(fromPg(client), message, true);
    await client.query('COMMIT');
    client.release();
  });
  const [claims, removals] = [[], []];
  // At most half of what is there.
  for (let round = 0; round < Math.min(ROUNDS, rows / CLAIM / 2); round += 1) {
    const token = `${rows} ${round}`;
    const askedAt = performance.now();
    const found = await store.claim({ destinations: [TO], token, leaseMs: 60_000, rows: CLAIM, exceptLanes: [] });
    const claimedAt = performance.now();
    await store.settle(token, { sent: found.map(({ row }) => row), refused: [] });
    removals.push(performance.now() - claimedAt);
    claims.push(claimedAt - askedAt);
    if (found.length !== CLAIM) console.log(`    a claim gave ${found.length}`);
  }
  tell(`claim ${CLAIM}`, claims);
  tell(`${keep ? 'keep' : 'remove'} ${CLAIM}`, removals);
  await timed('look for messages of a topic that has none', ROUNDS, round =>
    store.claim({ destinations: ['sns:none'], token: `none ${round}`, leaseMs: 1_000, rows: CLAIM, exceptLanes: [] }),
  );
  await timed('status', 20, () => store.status([TO]));
  await timed('clean up', 20, () => store.tidy());
}

/** @param counts of waiting messages, one after the other */
export async function measureRows(counts, keep) {
  const server = await PostgresProcess.create(DURABLE);
  await server.start();
  const pool = new Pool({ connectionString: server.url, max: 5 });
  pool.on('error', () => undefined);
  try {
    await new PostgresOutbox({ pool }).migrate();
    for (const rows of counts) await measure(pool, rows, keep);
  } finally {
    await pool.end();
    await server.remove();
  }
}
