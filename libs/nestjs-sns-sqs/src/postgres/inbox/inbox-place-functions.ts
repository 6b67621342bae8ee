/** Messages that one place keeps, copies of one event. */
const MAX_WAITING = 5;

/**
 * Who waits is noted in one transaction, and what is known is read in the next: a claim that ends between the two is
 * seen by the second, and one that ends later finds who waits.
 */
export const inboxPlaceFunctions = (schema: string): string => `
CREATE FUNCTION ${schema}.inbox_put_off(queue_ text, place_ text, handle text, for_ms float8)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  now_ timestamptz := clock_timestamp();
  ends_at timestamptz := now_ + for_ms * interval '1 millisecond';
BEGIN
  INSERT INTO ${schema}.inbox_places AS known (queue, place, handles, ends, forget_at)
    VALUES (queue_, place_, ARRAY[handle], ARRAY[ends_at], ends_at)
    ON CONFLICT (queue, place) DO UPDATE SET
      handles = (known.handles || handle)[greatest(1, cardinality(known.handles) + 2 - ${MAX_WAITING}):],
      ends = (known.ends || ends_at)[greatest(1, cardinality(known.ends) + 2 - ${MAX_WAITING}):],
      forget_at = greatest(known.forget_at, ends_at);
  RETURN true;
END $$;

CREATE FUNCTION ${schema}.inbox_outlook(
  queue_ text, key_ text, subject_ text, OUT event boolean, OUT subject boolean, OUT reached text
) LANGUAGE plpgsql AS $$
DECLARE
  now_ timestamptz := clock_timestamp();
BEGIN
  event := EXISTS (SELECT FROM ${schema}.inbox_events e
    WHERE e.queue = queue_ AND e.key = key_ AND e.state = 'c' AND e.lease_ends_at > now_ AND e.forget_at > now_);
  SELECT s.token IS NOT NULL AND s.lease_ends_at > now_, s.position INTO subject, reached
    FROM ${schema}.inbox_subjects s WHERE s.queue = queue_ AND s.subject = subject_ AND s.forget_at > now_;
  subject := coalesce(subject, false);
END $$;

CREATE FUNCTION ${schema}.inbox_call_in(queue_ text, places_ text[]) RETURNS SETOF text LANGUAGE sql AS $$
  WITH waiting AS (
    SELECT queue, place FROM ${schema}.inbox_places WHERE queue = queue_ AND place = ANY (places_)
      ORDER BY place FOR UPDATE
  ), gone AS (
    DELETE FROM ${schema}.inbox_places p USING waiting w WHERE p.queue = w.queue AND p.place = w.place
      RETURNING p.place, p.handles, p.ends
  )
  SELECT each.handle FROM gone, unnest(gone.handles, gone.ends) WITH ORDINALITY AS each (handle, ends_at, n)
    WHERE each.ends_at > clock_timestamp() ORDER BY array_position(places_, gone.place), each.n
$$;

-- One bounded step; gives how many records it has deleted at most of one kind.
CREATE FUNCTION ${schema}.inbox_clean_up(most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  now_ timestamptz := clock_timestamp();
  gone integer;
  largest integer := 0;
BEGIN
  -- One process at a time; the others have nothing to do.
  IF NOT pg_try_advisory_xact_lock(hashtextextended('${schema}.inbox_clean_up', 0)) THEN RETURN 0; END IF;
  WITH old AS MATERIALIZED (
    SELECT queue, key FROM ${schema}.inbox_events WHERE forget_at <= now_
      ORDER BY forget_at LIMIT most FOR UPDATE SKIP LOCKED
  ) DELETE FROM ${schema}.inbox_events e USING old WHERE e.queue = old.queue AND e.key = old.key;
  GET DIAGNOSTICS gone = ROW_COUNT;
  largest := greatest(largest, gone);
  WITH old AS MATERIALIZED (
    SELECT queue, subject FROM ${schema}.inbox_subjects
      WHERE forget_at <= now_ AND forget_at < 'infinity' ORDER BY forget_at LIMIT most FOR UPDATE SKIP LOCKED
  ) DELETE FROM ${schema}.inbox_subjects s USING old WHERE s.queue = old.queue AND s.subject = old.subject;
  GET DIAGNOSTICS gone = ROW_COUNT;
  largest := greatest(largest, gone);
  WITH old AS MATERIALIZED (
    SELECT queue, place FROM ${schema}.inbox_places WHERE forget_at <= now_
      ORDER BY forget_at LIMIT most FOR UPDATE SKIP LOCKED
  ) DELETE FROM ${schema}.inbox_places p USING old WHERE p.queue = old.queue AND p.place = old.place;
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN greatest(largest, gone);
END $$;
`;
