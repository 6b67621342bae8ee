// What the inbox in PostgreSQL costs, empty and full: messages per second, the time of a claim, and bytes per event. Each
// commit is on the disk (fsync). --messages: how many are measured; --rows: how many events and subjects are there before.
import { parseArgs } from 'node:util';
import pg from 'pg';
import { eventKey, newToken } from '#lib/inbox/inbox-key.js';
import { fromPg, migrate, PostgresInboxStore } from '#lib/postgres/index.js';
import { PostgresProcess } from '../test/support/postgres-process.mjs';

const { values } = parseArgs({
  options: { messages: { type: 'string', default: '5000' }, rows: { type: 'string', default: '1000000' } },
});
const messages = Number(values.messages);
const rows = Number(values.rows);
const AT_ONCE = 50;
const CONNECTIONS = 10;
const DURABLE = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on', shared_buffers: '256MB' };
const REMEMBER = { rememberForMs: 7 * 86_400_000 };
const queue = 'send-email-on-user-registered';

const server = await PostgresProcess.create(DURABLE);
await server.start();
const pool = new pg.Pool({ connectionString: server.url, max: CONNECTIONS });
pool.on('error', () => undefined);
const handlers = new pg.Pool({ connectionString: server.url, max: CONNECTIONS });
await migrate(pool);
await pool.query('CREATE TABLE effects (id text)');
const store = new PostgresInboxStore({ pool, commandTimeoutMs: 30_000 });

/** An effect in a transaction of its own, as a handler has it; `mark` joins it. */
async function effect(key, mark) {
  const client = await handlers.connect();
  await client.query('BEGIN');
  await client.query('INSERT INTO effects VALUES ($1)', [key]);
  await mark?.(fromPg(client));
  await client.query('COMMIT');
  client.release();
}

const WAYS = {
  'claim and done': async claim => void (await store.done(claim, REMEMBER)),
  'the same in order': async (claim, position) => void (await store.done(claim, { ...REMEMBER, position })),
  'with an effect in a transaction, then done': async (claim, position) => {
    await effect(claim.key);
    await store.done(claim, { ...REMEMBER, position });
  },
  'with an effect and markDoneIn in its transaction': async (claim, position) => {
    await effect(claim.key, tx => store.doneIn(tx, claim, { ...REMEMBER, position }));
    // As the library does: confirmed before the message is deleted.
    await store.done(claim, { ...REMEMBER, position });
  },
};

async function measure(what, end, isOrdered) {
  const claims = [];
  let next = 0;
  const startedAt = performance.now();
  const work = async () => {
    while (next < messages) {
      const n = (next += 1);
      const key = eventKey({ source: 'users', id: crypto.randomUUID() });
      const claim = { queue, key, token: newToken(), ...(isOrdered && { subject: `.${what}-${n}` }) };
      const askedAt = performance.now();
      await store.claim(claim, 30_000);
      claims.push(performance.now() - askedAt);
      await end(claim, isOrdered ? String(n) : undefined);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const seconds = (performance.now() - startedAt) / 1000;
  claims.sort((a, b) => a - b);
  const at = share => claims[Math.floor(share * (claims.length - 1))].toFixed(1);
  console.log(`${what}: ${Math.round(messages / seconds)} messages/s, a claim p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
}

async function measureAll() {
  for (const [what, end] of Object.entries(WAYS)) await measure(what, end, what !== 'claim and done');
}

console.log(`empty tables, ${AT_ONCE} messages at a time over ${CONNECTIONS} connections`);
await measureAll();
/** Rows of one statement: a larger one would keep all of its WAL. */
const CHUNK = 1_000_000;

/** Fills a table in steps, and makes its indexes after that, which is several times as fast. */
async function fill(table, select) {
  const name = `nestjs_sns_sqs.${table}`;
  const { rows: indexes } = await pool.query(
    `SELECT indexrelid::regclass::text AS name, indisprimary AS is_key, pg_get_indexdef(indexrelid) AS definition,
       pg_get_constraintdef(c.oid) AS key
     FROM pg_index LEFT JOIN pg_constraint c ON c.conindid = indexrelid WHERE indrelid = $1::regclass`,
    [name],
  );
  for (const index of indexes)
    await pool.query(index.is_key ? `ALTER TABLE ${name} DROP CONSTRAINT ${table}_pkey` : `DROP INDEX ${index.name}`);
  for (let from = 1; from <= rows; from += CHUNK)
    await pool.query(`INSERT INTO ${name} ${select} FROM generate_series($2::int, $3::int) n`, [
      queue,
      from,
      Math.min(rows, from + CHUNK - 1),
    ]);
  for (const { is_key: isKey, definition, key } of indexes)
    await pool.query(isKey ? `ALTER TABLE ${name} ADD CONSTRAINT ${table}_pkey ${key}` : definition);
}

/** What one step of the clean-up takes. */
async function measureCleanUp() {
  await pool.query(
    `UPDATE nestjs_sns_sqs.inbox_events SET forget_at = clock_timestamp() - interval '1 s'
     WHERE ctid = ANY (ARRAY(SELECT ctid FROM nestjs_sns_sqs.inbox_events LIMIT 50000))`,
  );
  const took = [];
  for (let gone = 1; gone > 0;) {
    const startedAt = performance.now();
    const { rows: found } = await pool.query('SELECT nestjs_sns_sqs.inbox_clean_up(1000) AS gone');
    gone = Number(found[0].gone);
    if (gone > 0) took.push(performance.now() - startedAt);
  }
  took.sort((a, b) => a - b);
  const at = share => took[Math.floor(share * (took.length - 1))].toFixed(0);
  console.log(`clean-up of 50000 old events: ${took.length} steps, p50 ${at(0.5)} ms, longest ${at(1)} ms`);
}

if (rows > 0) {
  await pool.query('TRUNCATE nestjs_sns_sqs.inbox_events, nestjs_sns_sqs.inbox_subjects, effects');
  await fill(
    'inbox_events',
    `SELECT $1, '.5:users:' || gen_random_uuid(), 'd', 'AbCdEfGhIjKl' || n, 0, NULL, clock_timestamp() + n * interval '1 ms'
     + interval '1 hour'`,
  );
  await fill(
    'inbox_subjects',
    `(queue, subject, position, forget_at) SELECT $1, '.5:users:' || gen_random_uuid(), n, 'infinity'`,
  );
  await pool.query('VACUUM ANALYZE');
  const size = async table =>
    Number((await pool.query(`SELECT pg_total_relation_size('nestjs_sns_sqs.${table}') AS bytes`)).rows[0].bytes) /
    rows;
  console.log(
    `${rows} events and as many subjects: ${Math.round(await size('inbox_events'))} bytes per event and ${Math.round(await size('inbox_subjects'))} per subject, with their indexes`,
  );
  await measureAll();
  await measureCleanUp();
}
await store.close();
await Promise.all([pool.end(), handlers.end()]);
await server.remove();
