/** What is not done is kept for as long as SQS keeps a message (14 days), and a day. */
const KEEP = `interval '15 days'`;
/** A record that is in use is kept longer only when a day of that is over: most renewals then touch no index. */
const KEEP_AGAIN = `interval '14 days'`;
/** What a locked row belongs to is in work in another transaction for so long at least, in milliseconds. */
const LOCKED_MS = 1000;

/** Milliseconds from \`now\` to a time. */
const msUntil = (time: string): string => `ceil(extract(epoch FROM (${time} - now_)) * 1000)::float8`;
const msSince = (time: string): string => `(extract(epoch FROM (now_ - ${time})) * 1000)::float8`;

/**
 * No function waits for a row that a transaction of a handler has locked (`markDoneIn`), but for the end of a claim: a
 * claim takes such a row for one in work, a renewal for one that is held. The event's row comes before its subject's,
 * so that none waits for the other in a circle. Times are the database's.
 * @param tells gives what a claim has to do with the first attempt and with deaths, or nothing: before `inbox-2`
 */
const claimFunction = (schema: string, tells: (part: string) => string): string => `
CREATE FUNCTION ${schema}.inbox_claim(
  queue_ text, key_ text, subject_ text, token_ text, lease_ms float8,
  OUT status text, OUT number float8, OUT reached text, OUT waited float8, OUT lowest text, OUT seen float8${tells(', OUT since float8, OUT died integer, OUT lettered float8')}
) LANGUAGE plpgsql AS $$
DECLARE
  now_ timestamptz := clock_timestamp();
  lease interval := lease_ms * interval '1 millisecond';
  event ${schema}.inbox_events;
  holder ${schema}.inbox_subjects;
  is_new boolean;
  is_known boolean;
  attempts_ integer := 1;${tells(`
  first_ timestamptz;
  letter_ timestamptz;
  deaths_ integer := 0;`)}
BEGIN
  status := 'claimed';
  -- Without a lock: most of what may not run is known so.
  SELECT * INTO event FROM ${schema}.inbox_events WHERE queue = queue_ AND key = key_;
  is_new := NOT FOUND;
  IF event.forget_at > now_ THEN
    IF event.state = 'd' THEN status := 'done'; RETURN; END IF;
    IF event.state = 'c' AND event.token <> token_ AND event.lease_ends_at > now_ THEN
      status := 'in-work'; number := ${msUntil('event.lease_ends_at')}; RETURN;
    END IF;
  END IF;
  IF subject_ IS NOT NULL THEN
    SELECT * INTO holder FROM ${schema}.inbox_subjects WHERE queue = queue_ AND subject = subject_;
    is_known := FOUND;
    IF holder.token <> token_ AND holder.lease_ends_at > now_ AND holder.forget_at > now_ THEN
      status := 'subject-in-work'; number := ${msUntil('holder.lease_ends_at')}; RETURN;
    END IF;
  END IF;

  -- Not where the row is there: an insert waits for a transaction that changes it, and that may be a handler's.
  IF is_new THEN
    INSERT INTO ${schema}.inbox_events (queue, key, state, token, attempts, lease_ends_at, forget_at${tells(', first_at')})
      VALUES (queue_, key_, 'c', token_, 1, now_ + lease, now_ + ${KEEP}${tells(', now_')}) ON CONFLICT DO NOTHING;
    is_new := FOUND;
  END IF;
  IF NOT is_new THEN
    SELECT * INTO event FROM ${schema}.inbox_events WHERE queue = queue_ AND key = key_ FOR UPDATE SKIP LOCKED;
    now_ := clock_timestamp();
    IF NOT FOUND THEN status := 'in-work'; number := ${LOCKED_MS}; RETURN; END IF;
    IF event.forget_at > now_ THEN
      IF event.state = 'd' THEN status := 'done'; RETURN; END IF;
      IF event.state = 'c' AND event.token <> token_ THEN
        IF event.lease_ends_at > now_ THEN
          status := 'in-work'; number := ${msUntil('event.lease_ends_at')}; RETURN;
        END IF;
        status := 'taken-over';
      END IF;
      attempts_ := event.attempts + CASE WHEN event.state = 'c' AND event.token = token_ THEN 0 ELSE 1 END;${tells(`
      first_ := event.first_at;
      letter_ := event.letter_at;
      deaths_ := event.deaths + CASE WHEN status = 'taken-over' THEN 1 ELSE 0 END;`)}
    END IF;
  END IF;

  IF subject_ IS NOT NULL THEN
    IF NOT is_known THEN
      INSERT INTO ${schema}.inbox_subjects (queue, subject, token, lease_ends_at, forget_at)
        VALUES (queue_, subject_, token_, now_ + lease, now_ + ${KEEP}) ON CONFLICT DO NOTHING;
      is_known := NOT FOUND;
    END IF;
    IF is_known THEN
      SELECT * INTO holder FROM ${schema}.inbox_subjects
        WHERE queue = queue_ AND subject = subject_ FOR UPDATE SKIP LOCKED;
      now_ := clock_timestamp();
      IF NOT FOUND OR (holder.token <> token_ AND holder.lease_ends_at > now_ AND holder.forget_at > now_) THEN
        IF is_new THEN DELETE FROM ${schema}.inbox_events WHERE queue = queue_ AND key = key_; END IF;
        status := 'subject-in-work'; number := greatest(${LOCKED_MS}, ${msUntil('holder.lease_ends_at')}); RETURN;
      END IF;
      IF holder.forget_at <= now_ THEN
        holder.position := NULL; holder.gap_since := NULL; holder.gap_lowest := NULL;
        holder.gap_seen_at := NULL; holder.back_at := NULL;
      END IF;
      UPDATE ${schema}.inbox_subjects SET
          token = token_, lease_ends_at = now_ + lease, position = holder.position, gap_since = holder.gap_since,
          gap_lowest = holder.gap_lowest, gap_seen_at = holder.gap_seen_at, back_at = holder.back_at,
          forget_at = CASE WHEN forget_at > now_ + ${KEEP_AGAIN} THEN forget_at ELSE now_ + ${KEEP} END
        WHERE queue = queue_ AND subject = subject_;
      reached := holder.position;
      IF holder.gap_since IS NOT NULL THEN
        waited := ${msSince('greatest(holder.gap_since, holder.back_at)')};
        lowest := holder.gap_lowest;
        seen := ${msSince('holder.gap_seen_at')};
      END IF;
    END IF;
  END IF;

  IF NOT is_new THEN
    UPDATE ${schema}.inbox_events SET
        state = 'c', token = token_, attempts = attempts_, lease_ends_at = now_ + lease,${tells(`
        first_at = coalesce(first_, now_), letter_at = letter_, deaths = deaths_,`)}
        forget_at = CASE WHEN forget_at > now_ + ${KEEP_AGAIN} THEN forget_at ELSE now_ + ${KEEP} END
      WHERE queue = queue_ AND key = key_;
  END IF;
  number := attempts_;${tells(`
  IF attempts_ > 1 THEN since := ${msSince('coalesce(first_, now_)')}; END IF;
  IF letter_ IS NOT NULL THEN lettered := ${msSince('letter_')}; END IF;
  IF deaths_ > 0 THEN died := deaths_; END IF;`)}
END $$;
`;

/** As of `inbox-1`. */
export const inboxClaimFunctions = (schema: string): string => `${claimFunction(schema, () => '')}
CREATE FUNCTION ${schema}.inbox_renew(queue_ text, key_ text, subject_ text, token_ text, lease_ms float8)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  now_ timestamptz := clock_timestamp();
  ends timestamptz := now_ + lease_ms * interval '1 millisecond';
  is_held boolean;
BEGIN
  SELECT state = 'c' AND token = token_ INTO is_held FROM ${schema}.inbox_events
    WHERE queue = queue_ AND key = key_ AND forget_at > now_;
  IF is_held IS NOT TRUE THEN RETURN false; END IF;
  IF subject_ IS NOT NULL THEN
    SELECT token = token_ INTO is_held FROM ${schema}.inbox_subjects
      WHERE queue = queue_ AND subject = subject_ AND forget_at > now_;
    IF is_held IS NOT TRUE THEN RETURN false; END IF;
  END IF;
  PERFORM 1 FROM ${schema}.inbox_events WHERE queue = queue_ AND key = key_ FOR UPDATE SKIP LOCKED;
  -- Locked by the transaction that marks it done: nobody else can claim it meanwhile.
  IF NOT FOUND THEN RETURN true; END IF;
  UPDATE ${schema}.inbox_events SET
      lease_ends_at = ends,
      forget_at = CASE WHEN forget_at > now_ + ${KEEP_AGAIN} THEN forget_at ELSE now_ + ${KEEP} END
    WHERE queue = queue_ AND key = key_ AND state = 'c' AND token = token_;
  IF NOT FOUND THEN RETURN false; END IF;
  IF subject_ IS NULL THEN RETURN true; END IF;
  PERFORM 1 FROM ${schema}.inbox_subjects WHERE queue = queue_ AND subject = subject_ FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN RETURN true; END IF;
  UPDATE ${schema}.inbox_subjects SET
      lease_ends_at = ends,
      forget_at = CASE WHEN forget_at > now_ + ${KEEP_AGAIN} THEN forget_at ELSE now_ + ${KEEP} END
    WHERE queue = queue_ AND subject = subject_ AND token = token_;
  RETURN FOUND;
END $$;
`;

/** As of `inbox-2`: since when an event is tried, and how often its process died of it. Processes of both kinds may call it. */
export const inboxAttemptTimes = (schema: string): string => `
ALTER TABLE ${schema}.inbox_events ADD COLUMN first_at timestamptz, ADD COLUMN letter_at timestamptz, ADD COLUMN deaths integer NOT NULL DEFAULT 0;
DROP FUNCTION ${schema}.inbox_claim(text, text, text, text, float8);
${claimFunction(schema, part => part).trimStart()}`;
