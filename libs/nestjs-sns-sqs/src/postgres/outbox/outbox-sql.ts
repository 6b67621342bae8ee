import { quotedSchema } from '../schema-name.js';
import { BUCKETS } from './migrations.js';

/** Of a claim: at most so many buckets, so that other relays find some too. */
export const CLAIM_BUCKETS = 8;
/** A process holds no more of a claim in memory, and one message more. */
const CLAIM_BYTES = 8 * 1_048_576;
/** Beyond this a count costs more than it tells. */
const COUNT_UP_TO = 10_001;
const PROMOTE_AT_ONCE = 500;
const TIDY_AT_ONCE = 5_000;
/** A lane without a number stays so long after its last use. */
const LANE_AGE = "interval '1 day'";

const MESSAGE = 'destination, bucket, lane, event_id, type, entry';

/**
 * The statements of the outbox. Each is one round trip and whole in itself, with texts as its only values:
 * any driver takes them, and a connection pool in transaction or statement mode too.
 */
export const outboxSql = (name: string) => {
  const schema = quotedSchema(name);
  return statements(schema, channelOf(name));
};

/** PostgreSQL takes 63 characters. Two schemas that share it wake each other's relays, which find nothing. */
const channelOf = (name: string): string => `${name.slice(0, 56)}_outbox`;

const statements = (schema: string, channel: string) => ({
  /** $1 destination, $2 subject */
  nextSequence: `INSERT INTO ${schema}.outbox_lanes AS l (destination, lane, sequence) VALUES ($1, $2, 1)
ON CONFLICT (destination, lane) DO UPDATE SET sequence = coalesce(l.sequence, 0) + 1, used_at = clock_timestamp()
RETURNING sequence::text AS sequence`,

  /** $1 destination, $2 subject, $3 number */
  returnSequence: `UPDATE ${schema}.outbox_lanes SET sequence = sequence - 1
WHERE destination = $1 AND lane = $2 AND sequence = $3::text::bigint`,

  /** $1 … $6: the message. */
  add: `INSERT INTO ${schema}.outbox_messages (${MESSAGE}) VALUES ($1, $2::text::smallint, $3, $4, $5, $6)`,

  // The id is taken after the lane's row is locked: within a lane, the order of ids is the order of commits.
  /** As `add`. */
  addToLane: `WITH held AS (
  INSERT INTO ${schema}.outbox_lanes (destination, lane) VALUES ($1::text, $3::text)
  ON CONFLICT (destination, lane) DO UPDATE SET used_at = clock_timestamp() RETURNING lane
)
INSERT INTO ${schema}.outbox_messages (${MESSAGE})
SELECT $1::text, $2::text::smallint, held.lane, $4::text, $5::text, $6::text FROM held`,

  /** As `add`; $7 the text in the entry that the number replaces. */
  addNext: `WITH held AS (
  INSERT INTO ${schema}.outbox_lanes AS l (destination, lane, sequence) VALUES ($1::text, $3::text, 1)
  ON CONFLICT (destination, lane) DO UPDATE SET sequence = coalesce(l.sequence, 0) + 1, used_at = clock_timestamp()
  RETURNING lane, sequence
)
INSERT INTO ${schema}.outbox_messages (${MESSAGE})
SELECT $1::text, $2::text::smallint, held.lane, $4::text, $5::text, replace($6::text, $7::text, held.sequence::text)
FROM held`,

  channel,

  /** Behind `add`, `addToLane` and `addNext`. One notification for each transaction, however many messages it has. */
  notifying: `RETURNING pg_notify('${channel}', '')`,

  /** $1 … $6: the message, $7 key, $8 time (ISO) */
  schedule: `INSERT INTO ${schema}.outbox_scheduled (${MESSAGE}, schedule_key, due_at)
VALUES ($1, $2::text::smallint, $3, $4, $5, $6, $7, $8::text::timestamptz)
ON CONFLICT (destination, schedule_key) DO UPDATE SET bucket = excluded.bucket, lane = excluded.lane,
  event_id = excluded.event_id, type = excluded.type, entry = excluded.entry, due_at = excluded.due_at`,

  /** $1 destination, $2 key */
  cancel: `DELETE FROM ${schema}.outbox_scheduled WHERE destination = $1 AND schedule_key = $2 RETURNING id`,

  /** $1 destinations (JSON) */
  open: `INSERT INTO ${schema}.outbox_buckets (destination, bucket)
SELECT d, b FROM jsonb_array_elements_text($1::text::jsonb) d CROSS JOIN generate_series(0, ${BUCKETS - 1}) b
ON CONFLICT DO NOTHING`,

  // What is leased is read by a statement of its own: it sees what the last claim of a bucket has removed.
  /** $1 destinations (JSON), $2 token, $3 lease in ms */
  lease: `WITH wanted AS (SELECT jsonb_array_elements_text($1::text::jsonb) AS destination),
free AS (
  SELECT b.destination, b.bucket FROM ${schema}.outbox_buckets b JOIN wanted w ON w.destination = b.destination
  WHERE b.leased_until < clock_timestamp() AND EXISTS (
    SELECT FROM ${schema}.outbox_messages m WHERE m.destination = b.destination AND m.bucket = b.bucket
  )
  ORDER BY random() LIMIT ${CLAIM_BUCKETS} FOR UPDATE OF b SKIP LOCKED
),
taken AS (
  UPDATE ${schema}.outbox_buckets b SET token = $2::text, leased_until = clock_timestamp() + $3::text::int * interval '1 ms'
  FROM free WHERE b.destination = free.destination AND b.bucket = free.bucket RETURNING b.bucket
)
SELECT (SELECT count(*)::int FROM taken) AS taken, EXISTS (
  SELECT FROM ${schema}.outbox_scheduled WHERE due_at <= clock_timestamp()
) AS due`,

  /** $1 token, $2 rows of each bucket, $3 lanes to leave (JSON) */
  read: `SELECT r.id::text AS row, r.destination, r.lane, r.event_id AS id, r.type, r.entry
FROM (
  SELECT m.*, sum(octet_length(m.entry)) OVER (ORDER BY m.id) - octet_length(m.entry) AS bytes_before
  FROM ${schema}.outbox_buckets b CROSS JOIN LATERAL (
    SELECT * FROM ${schema}.outbox_messages m
    WHERE m.destination = b.destination AND m.bucket = b.bucket
      AND (m.lane IS NULL OR NOT jsonb_exists($3::text::jsonb, m.destination || ' ' || m.lane))
    ORDER BY m.id LIMIT $2::text::int
  ) m
  WHERE b.token = $1::text
) r
WHERE r.bytes_before < ${CLAIM_BYTES} ORDER BY r.id`,

  /** $1 token, $2 lease in ms */
  renew: `UPDATE ${schema}.outbox_buckets SET leased_until = clock_timestamp() + $2::text::int * interval '1 ms'
WHERE token = $1::text RETURNING bucket`,

  /** $1 token, $2 ids that were sent (JSON) */
  settle: `WITH sent AS (
  DELETE FROM ${schema}.outbox_messages
  WHERE id IN (SELECT each::bigint FROM jsonb_array_elements_text($2::text::jsonb) each)
)
UPDATE ${schema}.outbox_buckets SET token = NULL, leased_until = '-infinity' WHERE token = $1::text`,

  /** As `settle`; what was sent moves to its day's partition. */
  settleAndKeep: `WITH sent AS (
  DELETE FROM ${schema}.outbox_messages
  WHERE id IN (SELECT each::bigint FROM jsonb_array_elements_text($2::text::jsonb) each) RETURNING *
),
kept AS (
  INSERT INTO ${schema}.outbox_sent (id, ${MESSAGE}, created_at) SELECT id, ${MESSAGE}, created_at FROM sent
)
UPDATE ${schema}.outbox_buckets SET token = NULL, leased_until = '-infinity' WHERE token = $1::text`,

  /** $1 days */
  keep: `SELECT ${schema}.outbox_keep($1::text::int)`,

  /** $1 refusals (JSON): row, code, reason */
  refuse: `WITH refusals AS (
  SELECT * FROM jsonb_to_recordset($1::text::jsonb) AS r(row bigint, code text, reason text)
),
gone AS (
  DELETE FROM ${schema}.outbox_messages m USING refusals r WHERE m.id = r.row RETURNING m.*, r.code, r.reason
)
INSERT INTO ${schema}.outbox_refused (id, ${MESSAGE}, created_at, code, reason)
SELECT id, ${MESSAGE}, created_at, code, reason FROM gone`,

  promote: `WITH due AS (
  DELETE FROM ${schema}.outbox_scheduled WHERE id IN (
    SELECT id FROM ${schema}.outbox_scheduled WHERE due_at <= clock_timestamp()
    ORDER BY due_at, id LIMIT ${PROMOTE_AT_ONCE} FOR UPDATE SKIP LOCKED
  ) RETURNING *
)
INSERT INTO ${schema}.outbox_messages (${MESSAGE}) SELECT ${MESSAGE} FROM due ORDER BY due_at, id`,

  /** $1 destinations (JSON) */
  status: `SELECT d AS destination,
  (SELECT count(*)::int FROM (
    SELECT FROM ${schema}.outbox_messages m WHERE m.destination = d LIMIT ${COUNT_UP_TO}) c) AS waiting,
  coalesce((SELECT extract(epoch FROM clock_timestamp() - min(o.created_at)) * 1000
    FROM generate_series(0, ${BUCKETS - 1}) b CROSS JOIN LATERAL (
      SELECT created_at FROM ${schema}.outbox_messages m WHERE m.destination = d AND m.bucket = b
      ORDER BY m.id LIMIT 1) o), 0)::bigint::text AS oldest_ms,
  (SELECT count(*)::int FROM (
    SELECT FROM ${schema}.outbox_refused r WHERE r.destination = d LIMIT ${COUNT_UP_TO}) c) AS refused,
  (SELECT count(*)::int FROM (
    SELECT FROM ${schema}.outbox_scheduled s WHERE s.destination = d LIMIT ${COUNT_UP_TO}) c) AS scheduled
FROM jsonb_array_elements_text($1::text::jsonb) d`,

  // From one destination to the next by the index, however many messages wait.
  /** $1 destinations to leave out (JSON), $2 age in ms */
  neglected: `WITH RECURSIVE known AS (
  (SELECT destination FROM ${schema}.outbox_messages ORDER BY destination LIMIT 1)
  UNION ALL
  SELECT (SELECT m.destination FROM ${schema}.outbox_messages m WHERE m.destination > k.destination
    ORDER BY m.destination LIMIT 1) FROM known k WHERE k.destination IS NOT NULL
)
SELECT destination, (extract(epoch FROM clock_timestamp() - oldest) * 1000)::bigint::text AS oldest_ms
FROM known k CROSS JOIN LATERAL (
  SELECT min(o.created_at) AS oldest FROM generate_series(0, ${BUCKETS - 1}) b CROSS JOIN LATERAL (
    SELECT created_at FROM ${schema}.outbox_messages m WHERE m.destination = k.destination AND m.bucket = b
    ORDER BY m.id LIMIT 1) o
) a
WHERE destination IS NOT NULL AND NOT jsonb_exists($1::text::jsonb, destination)
  AND oldest < clock_timestamp() - $2::text::int * interval '1 ms' ORDER BY destination`,

  /** $1 destination or null, $2 ids (JSON) or null: those of a lane keep their order, behind what waits already. */
  requeue: `WITH chosen AS (
  DELETE FROM ${schema}.outbox_refused r
  WHERE ($1::text IS NULL OR r.destination = $1::text)
    AND ($2::text IS NULL OR r.id IN (SELECT each::bigint FROM jsonb_array_elements_text($2::text::jsonb) each))
  RETURNING *
),
back AS (
  INSERT INTO ${schema}.outbox_messages (${MESSAGE}) SELECT ${MESSAGE} FROM chosen ORDER BY id RETURNING id
)
SELECT count(*)::int AS requeued FROM back`,

  /** $1 destination or null, $2 how many */
  refused: `SELECT id::text AS row, destination, lane, event_id AS id, type, entry, code, reason,
  to_char(refused_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS refused_at
FROM ${schema}.outbox_refused WHERE $1::text IS NULL OR destination = $1::text ORDER BY outbox_refused.id LIMIT $2::text::int`,

  destinations: `SELECT DISTINCT destination FROM (
  SELECT destination FROM ${schema}.outbox_buckets UNION ALL SELECT destination FROM ${schema}.outbox_lanes
  UNION ALL SELECT destination FROM ${schema}.outbox_messages UNION ALL SELECT destination FROM ${schema}.outbox_refused
  UNION ALL SELECT destination FROM ${schema}.outbox_scheduled) d ORDER BY destination`,

  // A lane that numbers is kept for ever: its number must not begin anew. An index of those to delete would make each
  // write of a lane dearer. What is locked is looked at again: a writer may have used the lane meanwhile.
  /** $1 destination and $2 lane behind which to look: a page of the lanes at a time, however many there are. */
  tidy: `WITH page AS (
  SELECT ctid, destination, lane, sequence IS NULL AND used_at < clock_timestamp() - ${LANE_AGE} AS is_old
  FROM ${schema}.outbox_lanes WHERE (destination, lane) > ($1::text, $2::text)
  ORDER BY destination, lane LIMIT ${TIDY_AT_ONCE}
),
old AS (
  SELECT ctid FROM ${schema}.outbox_lanes WHERE ctid = ANY (ARRAY(SELECT ctid FROM page WHERE is_old))
    AND sequence IS NULL AND used_at < clock_timestamp() - ${LANE_AGE} FOR UPDATE SKIP LOCKED
),
gone AS (
  DELETE FROM ${schema}.outbox_lanes WHERE ctid = ANY (ARRAY(SELECT ctid FROM old))
)
SELECT destination, lane FROM page ORDER BY destination DESC, lane DESC LIMIT 1`,
});
