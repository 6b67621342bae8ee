/** Partitions that exist ahead: today's, and those of the next days. */
const AHEAD_DAYS = 2;
/** Rows of the default partition that one call deletes at most. */
const STEP = 20_000;
/** Any number that other programs do not lock. */
const LOCK = 7_345_093_621_179;

/**
 * What was sent, a partition for each day (UTC) by the database's clock. Rows of a day that has no partition go to
 * the default partition: the failure to make a partition never keeps a relay from its work.
 */
export const sentTable = (schema: string, message: string): string[] => [
  `CREATE TABLE ${schema}.outbox_sent (
    id bigint NOT NULL,
    ${message},
    created_at timestamptz NOT NULL,
    sent_at timestamptz NOT NULL DEFAULT clock_timestamp()
  ) PARTITION BY RANGE (sent_at)`,
  `CREATE TABLE ${schema}.outbox_sent_default PARTITION OF ${schema}.outbox_sent DEFAULT`,
];

/**
 * Makes the partitions of today and the next days, and drops those that are older than so many days. Called by every
 * relay; the first one does it, and the others return at once. Whatever fails is left for the next call: the wait for a
 * lock too, since relays would wait behind it.
 */
export const keepFunction = (schema: string): string => `CREATE FUNCTION ${schema}.outbox_keep(days int) RETURNS void
LANGUAGE plpgsql SET lock_timeout = '200ms' AS $body$
DECLARE
  today date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
  day date;
  part text;
BEGIN
  IF NOT pg_try_advisory_xact_lock(${LOCK}) THEN
    RETURN;
  END IF;
  FOR day IN SELECT today + n FROM generate_series(0, ${AHEAD_DAYS}) n LOOP
    part := 'outbox_sent_' || to_char(day, 'YYYYMMDD');
    CONTINUE WHEN to_regclass('${schema}.' || part) IS NOT NULL;
    BEGIN
      -- To attach a table locks less than to create it as a partition: relays go on meanwhile.
      EXECUTE format('CREATE TABLE ${schema}.%I (LIKE ${schema}.outbox_sent INCLUDING DEFAULTS)', part);
      EXECUTE format('ALTER TABLE ${schema}.outbox_sent ATTACH PARTITION ${schema}.%I FOR VALUES FROM (%L) TO (%L)',
        part, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
    EXCEPTION WHEN OTHERS THEN
      NULL;
    END;
  END LOOP;
  FOR part IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = '${schema}.outbox_sent'::regclass AND c.relname ~ '^outbox_sent_[0-9]{8}$'
      AND right(c.relname, 8) < to_char(today - days, 'YYYYMMDD') ORDER BY c.relname
  LOOP
    BEGIN
      EXECUTE format('DROP TABLE ${schema}.%I', part);
    EXCEPTION WHEN OTHERS THEN
      NULL;
    END;
  END LOOP;
  DELETE FROM ${schema}.outbox_sent_default WHERE ctid IN (
    SELECT ctid FROM ${schema}.outbox_sent_default
    WHERE sent_at < (today - days)::timestamp AT TIME ZONE 'UTC' LIMIT ${STEP} FOR UPDATE SKIP LOCKED
  );
END
$body$`;
