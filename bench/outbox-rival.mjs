// The relay of pg-transactional-outbox, by polling, with settings in its favour: full batches from its first claim on (it
// begins with single messages), a connection for each message of a batch, the next claim at once, and the best of several
// sizes of a batch. It is installed by `npm ci --prefix bench/rivals`.
import { setTimeout } from 'node:timers/promises';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';

const TABLE = 'rival_outbox';
const NEXT = 'next_rival_messages';
const SUBJECTS = 2_000;
const LIMIT_MS = 120_000;
/** Messages that it has in progress at one time. Larger ones are slower: its claims then meet each other's locks. */
const BATCHES = [10, 20, 50];

/** Resolves to undefined where it is not installed, else to the fastest of what `measured` gives, with its `batch`. */
export async function pgTransactionalOutbox(setting) {
  const rival = await load();
  if (!rival) return undefined;
  const results = [];
  for (const batch of BATCHES) results.push({ batch, ...(await relayed(rival, batch, setting)) });
  return results.toSorted((a, b) => b.perSecond - a.perSecond)[0];
}

async function relayed(rival, batch, { pool, url, aws, queueUrl, count, measured }) {
  const { hostname, port, username, pathname } = new URL(url);
  const schema = { outboxOrInbox: 'outbox', database: pathname.slice(1), schema: 'public', table: TABLE };
  const setup = { ...schema, listenerRole: username, nextMessagesName: NEXT };
  const { dropAndCreateTable, createPollingFunction, setupPollingIndexes } = rival.DatabaseSetup;
  for (const make of [dropAndCreateTable, createPollingFunction, setupPollingIndexes]) await pool.query(make(setup));
  await pool.query(
    `INSERT INTO ${TABLE} (id, aggregate_type, aggregate_id, message_type, segment, payload, created_at, concurrency)
     SELECT gen_random_uuid(), 'user', n % ${SUBJECTS}, 'changed', 'user ' || n % ${SUBJECTS},
       jsonb_build_object('filler', repeat('x', 500)), clock_timestamp(), 'sequential'
     FROM generate_series(1, $1::int) n`,
    [count],
  );
  const sqs = new SQSClient(aws);
  const handle = async ({ payload }) =>
    void (await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(payload) })));
  const config = {
    outboxOrInbox: 'outbox',
    dbListenerConfig: { host: hostname, port: Number(port), user: username, database: schema.database, max: batch + 1 },
    settings: {
      dbSchema: 'public',
      dbTable: TABLE,
      enableMaxAttemptsProtection: false,
      enablePoisonousMessageProtection: false,
      nextMessagesBatchSize: batch,
      nextMessagesFunctionName: NEXT,
      nextMessagesPollingIntervalInMs: 10,
    },
  };
  const silent = new Proxy({ level: 'error' }, { get: (given, name) => given[name] ?? (() => undefined) });
  let shutdown = () => Promise.resolve();
  const result = await measured(async () => {
    const batchSizeStrategy = () => Promise.resolve(batch);
    [shutdown] = rival.initializePollingMessageListener(config, { handle }, silent, { batchSizeStrategy });
    for (const endsAt = performance.now() + LIMIT_MS; performance.now() < endsAt;) {
      const { rows } = await pool.query(`SELECT EXISTS (SELECT FROM ${TABLE} WHERE processed_at IS NULL) AS found`);
      if (!rows[0].found) return;
      await setTimeout(20);
    }
    throw new Error(`pg-transactional-outbox has not sent ${count} messages in ${LIMIT_MS} ms`);
  });
  await shutdown();
  return result;
}

async function load() {
  try {
    const { default: rival } = await import('./rivals/node_modules/pg-transactional-outbox/dist/index.js');
    return rival;
  } catch {
    return undefined;
  }
}
