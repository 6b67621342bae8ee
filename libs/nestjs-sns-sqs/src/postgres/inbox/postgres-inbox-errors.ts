import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { isInstance, thrownText } from '../../errors/thrown.js';
import type { InboxClaim } from '../../interfaces/inbox-store.interface.js';
import { hasText, sqlStateOf } from '../sql/sql-state.js';
import { PostgresError } from './postgres-caller.js';

/** As `inbox_done_in` raises it. */
const CLAIM_LOST = { state: 'NSQ01', text: 'CLAIM_LOST' };
/** The data of this row, a rule of its table, or a block of it that cannot be read. */
const OF_THE_RECORD = /^(22|23|XX001|XX002)/;

/** A row that a transaction keeps locked. */
export const isLocked = (error: unknown): boolean => isInstance(error, PostgresError) && error.state === '55P03';

/** True: the fault is in the records of this claim, and others are well. */
export const isOfTheRecord = (error: unknown): boolean =>
  isInstance(error, PostgresError) && error.state !== undefined && OF_THE_RECORD.test(error.state);

export const isClaimLost = (error: unknown): boolean =>
  sqlStateOf(error) === CLAIM_LOST.state || hasText(error, CLAIM_LOST.text);

export const brokenRecord = (cause: unknown, keys: readonly string[]): SnsSqsError =>
  new SnsSqsError('INBOX_RECORD_BROKEN', {
    problem: `The inbox cannot use what PostgreSQL has under ${keys.join(' or ')}: ${thrownText(cause)}`,
    remedy: 'find the row in inbox_events or inbox_subjects, and delete it',
    cause,
    facts: { key: keys[0], keys },
  });

export const claimLost = ({ queue, key }: InboxClaim, cause?: unknown): SnsSqsError =>
  new SnsSqsError('CLAIM_LOST', {
    problem: `This consumer of ${queue} has lost its claim on the event, and another one may handle the event now`,
    remedy:
      'let the error leave the handler, so that its transaction is rolled back. If the error comes each time, use the database of the inbox',
    retryable: true,
    cause,
    facts: { queue, key },
  });
