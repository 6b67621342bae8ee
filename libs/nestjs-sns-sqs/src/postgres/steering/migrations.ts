import type { Migration } from '../migration.js';

/** Of this database, in milliseconds since the epoch. */
const NOW = `extract(epoch FROM clock_timestamp()) * 1000`;
/** A bucket that nobody takes from is full again long before, in milliseconds. */
const KEEP_MS = 86_400_000;

/**
 * A row is a bucket: of a queue (`key` is empty) or of one of its keys. Times are milliseconds of the database's clock.
 * Buckets are in no log: after a crash of the database each is full. Pauses outlive one.
 */
const tables = (schema: string): string[] => [
  `CREATE UNLOGGED TABLE ${schema}.steering_buckets (
  queue text NOT NULL,
  key text NOT NULL,
  filled float8 NOT NULL,
  filled_at float8 NOT NULL,
  line_ends_at float8 NOT NULL DEFAULT 0,
  again_ends_at float8 NOT NULL DEFAULT 0,
  forget_at float8 NOT NULL,
  PRIMARY KEY (queue, key)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02)`,
  `CREATE TABLE ${schema}.steering_pauses (
  scope text NOT NULL,
  queue text NOT NULL,
  PRIMARY KEY (scope, queue)
)`,
];

/** The bucket's row, locked; a full one where there was none. */
const lockBucket = (schema: string): string => `
  LOOP
    SELECT * INTO bucket FROM ${schema}.steering_buckets WHERE queue = queue_ AND key = key_ FOR UPDATE;
    EXIT WHEN FOUND;
    INSERT INTO ${schema}.steering_buckets (queue, key, filled, filled_at, forget_at)
      VALUES (queue_, key_, most, ${NOW}, ${NOW} + ${KEEP_MS}) ON CONFLICT DO NOTHING;
  END LOOP;
  now_ := ${NOW};
  filled_ := bucket.filled + greatest(0, now_ - bucket.filled_at) * per_ms;`;

const functions = (schema: string): string[] => [
  `CREATE FUNCTION ${schema}.steering_take_rate(
  queue_ text, wanted float8, per_ms float8, most float8, spent float8, OUT granted float8, OUT retry_after_ms float8
) LANGUAGE plpgsql AS $$
DECLARE
  key_ CONSTANT text := '';
  bucket ${schema}.steering_buckets;
  now_ float8;
  filled_ float8;
BEGIN
  ${lockBucket(schema)}
  filled_ := least(most, filled_) - spent;
  granted := greatest(0, least(wanted, floor(filled_)));
  filled_ := filled_ - granted;
  retry_after_ms := greatest(0, ceil((1 - filled_) / per_ms));
  UPDATE ${schema}.steering_buckets SET filled = filled_, filled_at = now_, forget_at = now_ + ${KEEP_MS}
    WHERE queue = queue_ AND key = key_;
END $$`,
  `CREATE FUNCTION ${schema}.steering_take_turn(
  queue_ text, key_ text, per_ms float8, most float8, has_waited boolean, line_broken_ms float8
) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  bucket ${schema}.steering_buckets;
  now_ float8;
  filled_ float8;
  empty_at float8;
  is_broken boolean;
  wait_ms float8 := 0;
BEGIN
  ${lockBucket(schema)}
  is_broken := (filled_ - most) / per_ms >= line_broken_ms;
  IF filled_ >= 1
      AND (has_waited OR is_broken OR (bucket.line_ends_at <= now_ AND bucket.again_ends_at <= now_)) THEN
    IF is_broken THEN bucket.line_ends_at := 0; bucket.again_ends_at := 0; END IF;
    bucket.filled := least(most, filled_) - 1;
    bucket.filled_at := now_;
  ELSE
    empty_at := now_ - least(most, filled_) / per_ms;
    IF has_waited THEN
      bucket.again_ends_at := greatest(bucket.again_ends_at, empty_at) + 1 / per_ms;
      wait_ms := bucket.again_ends_at - now_;
    ELSE
      bucket.line_ends_at := greatest(bucket.line_ends_at, bucket.again_ends_at, empty_at) + 1 / per_ms;
      wait_ms := bucket.line_ends_at - now_;
    END IF;
    -- 0 lets it run, and the sum may have been rounded.
    wait_ms := greatest(1, wait_ms);
  END IF;
  UPDATE ${schema}.steering_buckets SET
      filled = bucket.filled, filled_at = bucket.filled_at, line_ends_at = bucket.line_ends_at,
      again_ends_at = bucket.again_ends_at,
      forget_at = greatest(bucket.filled_at + (most - bucket.filled) / per_ms, bucket.line_ends_at, bucket.again_ends_at)
        + 60000
    WHERE queue = queue_ AND key = key_;
  RETURN ceil(wait_ms);
END $$`,
  `CREATE FUNCTION ${schema}.steering_clean_up(most int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE gone int;
BEGIN
  DELETE FROM ${schema}.steering_buckets b USING (
      SELECT queue, key FROM ${schema}.steering_buckets WHERE forget_at < ${NOW} LIMIT most FOR UPDATE SKIP LOCKED
    ) old WHERE b.queue = old.queue AND b.key = old.key;
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END $$`,
];

/** What shared limits and pauses need in a database. */
export const STEERING_MIGRATIONS: readonly Migration[] = [
  { name: 'steering-1', statements: schema => [...tables(schema), ...functions(schema)] },
];
