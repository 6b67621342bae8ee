/** What is not done is kept for as long as SQS keeps a message (14 days), and a day. */
const KEEP = `interval '15 days'`;
/** The end of a claim waits so long for a row that somebody has locked. */
const LOCK_TIMEOUT = '1s';

/** The rows of a claim, locked; false where they are not its token's. `event` and `holder` are the caller's variables. */
const lockClaim = (schema: string): string => `
  IF event.state <> 'c' OR event.token IS DISTINCT FROM token_ OR event.forget_at <= now_ THEN RETURN false; END IF;
  IF subject_ IS NOT NULL THEN
    SELECT * INTO holder FROM ${schema}.inbox_subjects WHERE queue = queue_ AND subject = subject_ FOR UPDATE;
    IF NOT FOUND OR holder.token IS DISTINCT FROM token_ OR holder.forget_at <= now_ THEN RETURN false; END IF;
  END IF;
  now_ := clock_timestamp();`;

const SIGNATURE = `queue_ text, key_ text, subject_ text, token_ text`;
const VARIABLES = (schema: string): string => `
DECLARE
  now_ timestamptz := clock_timestamp();
  event ${schema}.inbox_events;
  holder ${schema}.inbox_subjects;`;

/** A subject's row that says nothing is deleted. */
const keepSubject = (schema: string): string => `
  IF holder.position IS NULL AND holder.gap_since IS NULL AND holder.back_at IS NULL THEN
    DELETE FROM ${schema}.inbox_subjects WHERE queue = queue_ AND subject = subject_;
  ELSE
    UPDATE ${schema}.inbox_subjects SET
        token = NULL, lease_ends_at = NULL, position = holder.position, gap_since = holder.gap_since,
        gap_lowest = holder.gap_lowest, gap_seen_at = holder.gap_seen_at, back_at = holder.back_at,
        forget_at = holder.forget_at
      WHERE queue = queue_ AND subject = subject_;
  END IF;`;

/** Ends of claims: by who has it, done or not, and in a transaction of a handler. */
export const inboxEndFunctions = (schema: string): string => `
CREATE FUNCTION ${schema}.inbox_done(
  ${SIGNATURE}, remember_ms float8, position_ text, remember_position_ms float8
) RETURNS boolean LANGUAGE plpgsql SET lock_timeout = '${LOCK_TIMEOUT}' AS $$
${VARIABLES(schema)}
BEGIN
  -- Without a lock, and so without a write: what was marked in a transaction is only confirmed.
  PERFORM FROM ${schema}.inbox_events
    WHERE queue = queue_ AND key = key_ AND state = 'd' AND token = token_ AND forget_at > now_;
  IF FOUND THEN RETURN true; END IF;
  SELECT * INTO event FROM ${schema}.inbox_events WHERE queue = queue_ AND key = key_ FOR UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  IF event.state = 'd' THEN RETURN event.token = token_ AND event.forget_at > now_; END IF;
  ${lockClaim(schema)}
  UPDATE ${schema}.inbox_events SET
      state = 'd', attempts = 0, lease_ends_at = NULL, forget_at = now_ + remember_ms * interval '1 millisecond'
    WHERE queue = queue_ AND key = key_;
  IF subject_ IS NULL THEN RETURN true; END IF;
  IF position_ IS NOT NULL THEN
    holder.position := position_; holder.gap_since := NULL; holder.gap_lowest := NULL;
    holder.gap_seen_at := NULL; holder.back_at := NULL;
  END IF;
  IF holder.gap_since IS NULL AND holder.position IS NOT NULL THEN
    holder.forget_at := CASE WHEN remember_position_ms IS NULL THEN 'infinity'::timestamptz
      ELSE now_ + remember_position_ms * interval '1 millisecond' END;
  END IF;
  ${keepSubject(schema)}
  RETURN true;
END $$;

CREATE FUNCTION ${schema}.inbox_done_in(
  ${SIGNATURE}, remember_ms float8, position_ text, remember_position_ms float8
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  -- An error and no answer: a transaction that has one cannot commit, whatever its handler makes of it.
  IF NOT ${schema}.inbox_done(queue_, key_, subject_, token_, remember_ms, position_, remember_position_ms) THEN
    RAISE EXCEPTION 'CLAIM_LOST: the claim in the inbox is not this consumer''s any more' USING ERRCODE = 'NSQ01';
  END IF;
  RETURN true;
END $$;

${releaseFunction(schema, 'FUNCTION', forgets(schema))}
`;

/** Of what comes again nothing is left to say: the row goes. */
const forgets = (schema: string): string => `IF reason = 'dead-lettered' OR event.attempts <= 0 THEN
    DELETE FROM ${schema}.inbox_events WHERE queue = queue_ AND key = key_;`;

/** As of `inbox-2`: when a message of the event was dead-lettered is known for a day, to its copies. */
const remembersLetters = (schema: string): string => `IF reason = 'dead-lettered' THEN
    event.attempts := 0; event.letter_at := now_;
  END IF;
  IF event.attempts <= 0 AND event.letter_at IS NULL THEN
    DELETE FROM ${schema}.inbox_events WHERE queue = queue_ AND key = key_;
  ELSIF event.attempts <= 0 THEN
    UPDATE ${schema}.inbox_events SET
        state = 'r', token = NULL, attempts = 0, lease_ends_at = NULL, first_at = NULL, deaths = 0,
        letter_at = event.letter_at, forget_at = event.letter_at + interval '1 day'
      WHERE queue = queue_ AND key = key_;`;

/** As of `inbox-2`. */
export const inboxLetterTimes = (schema: string): string =>
  releaseFunction(schema, 'OR REPLACE FUNCTION', remembersLetters(schema));

/** @param end what is done with the event where it has no attempts any more, as the first branches of an IF */
const releaseFunction = (schema: string, how: string, end: string): string => `
CREATE ${how} ${schema}.inbox_release(${SIGNATURE}, reason text, gap_at text, back_ms float8)
RETURNS boolean LANGUAGE plpgsql SET lock_timeout = '${LOCK_TIMEOUT}' AS $$
${VARIABLES(schema)}
BEGIN
  SELECT * INTO event FROM ${schema}.inbox_events WHERE queue = queue_ AND key = key_ FOR UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  ${lockClaim(schema)}
  IF reason = 'unstarted' THEN event.attempts := event.attempts - 1; END IF;
  ${end}
  ELSE
    UPDATE ${schema}.inbox_events SET
        state = 'r', token = NULL, attempts = event.attempts, lease_ends_at = NULL, forget_at = now_ + ${KEEP}
      WHERE queue = queue_ AND key = key_;
  END IF;
  IF subject_ IS NULL THEN RETURN true; END IF;
  -- The one that is waited for is there, and comes again.
  IF reason = 'failed' AND holder.gap_since IS NOT NULL THEN holder.gap_since := now_; END IF;
  IF back_ms IS NOT NULL THEN holder.back_at := now_ + back_ms * interval '1 millisecond'; END IF;
  IF gap_at IS NOT NULL THEN
    holder.gap_lowest := gap_at; holder.gap_seen_at := now_;
    holder.gap_since := coalesce(holder.gap_since, now_);
  END IF;
  IF back_ms IS NOT NULL OR gap_at IS NOT NULL THEN
    holder.forget_at := greatest(holder.forget_at, now_ + ${KEEP});
  END IF;
  ${keepSubject(schema)}
  RETURN true;
END $$;`;
