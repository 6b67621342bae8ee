import { SnsSqsError } from '../errors/sns-sqs.error.js';
import { silenced } from '../events/user-code.js';
import type { EventEnvelope, EventMetadata } from '../interfaces/envelope.interface.js';
import type { InboxClaim } from '../interfaces/inbox-store.interface.js';
import { eventKey, newToken, ownKey, subjectKey } from './inbox-key.js';
import { EVENT_ID, type EventId } from './memory-records.js';
import { canonicalSequence, type Ordering } from './sequence-guard.js';

export interface ClaimRules {
  ordering: Ordering;
  onInvalidSequence: 'dead-letter' | 'proceed';
  startAt?: number | bigint | undefined;
  inboxKey?: ((event: EventMetadata, data: unknown) => string | undefined) | undefined;
  /** A claim's lease, in milliseconds: that of the message. */
  leaseMs: number;
}

export interface ClaimNames {
  /** Full name of the queue. */
  queue: string;
  /** What the store's keys are named by: queues of one namespace share what is remembered. */
  namespace: string;
}

/** A claim that this process has. */
export interface HeldClaim extends InboxClaim {
  /** Where the event stands in its subject; undefined: no order is asked for. */
  readonly sequence: string | undefined;
  /** `ordering: 'sequential'`. */
  readonly isSequential: boolean;
  /** Sequence of a subject's first event; undefined: the first one seen. */
  readonly startAt: bigint | undefined;
  /** Sequence that was expected next of the subject when it was claimed; undefined: none was known. */
  expected: string | undefined;
  /** By this process's clock, in milliseconds. */
  readonly claimedAt: number;
  /** By this process's clock, counted from before the call, so that it is never thought longer than it is. */
  leaseEndsAt: number;
  /** The effect has happened, and only the store has not been told. */
  isFinishing: boolean;
  /** As the store counted it when it was claimed; undefined: it was not. */
  attempt: number | undefined;
  /** Its handler has marked it done in a transaction, which may be open, committed or rolled back. */
  isMarked: boolean;
  /** For a store in memory. */
  [EVENT_ID]?: EventId | undefined;
}

/**
 * The claim to make on an event, with a token of its own; `namespace` is what the store's keys are named by. Throws INVALID_INBOX_KEY, or INVALID_SEQUENCE where an event
 * without a place in an order is not allowed. `now` is in milliseconds.
 */
export function claimOf(
  { metadata, data }: EventEnvelope,
  names: ClaimNames,
  rules: ClaimRules,
  now: number,
): HeldClaim {
  const { queue, namespace } = names;
  const own: unknown = silenced(rules.inboxKey?.(metadata, data));
  if (own !== undefined && (typeof own !== 'string' || own === '')) {
    throw new SnsSqsError('INVALID_INBOX_KEY', {
      problem: `${queue}: inboxKey gave ${typeof own === 'string' ? "''" : typeof own}`,
      remedy: "give a text that is not empty, or undefined for the event's id",
      facts: { queue },
    });
  }
  const order = rules.ordering === 'none' ? undefined : orderOf(metadata, queue, rules);
  const claim: HeldClaim = {
    queue: namespace,
    key: own === undefined ? eventKey(metadata) : ownKey(own),
    token: newToken(),
    sequence: order?.sequence,
    isSequential: rules.ordering === 'sequential',
    startAt: rules.startAt === undefined ? undefined : BigInt(rules.startAt),
    expected: undefined,
    claimedAt: now,
    leaseEndsAt: now + rules.leaseMs,
    isFinishing: false,
    attempt: undefined,
    isMarked: false,
    [EVENT_ID]: undefined,
  };
  // A spread costs as much as all the rest.
  if (order) claim.subject = subjectKey({ source: metadata.source, subject: order.subject });
  return claim;
}

/** Undefined: it has no place in an order, and that is allowed. */
function orderOf(
  { subject, sequence }: EventMetadata,
  queue: string,
  rules: ClaimRules,
): { subject: string; sequence: string } | undefined {
  const canonical = canonicalSequence(sequence);
  if (subject !== undefined && subject !== '' && canonical !== undefined) return { subject, sequence: canonical };
  if (rules.onInvalidSequence === 'proceed') return undefined;
  const wrong = !subject
    ? 'it has no `subject`'
    : sequence === undefined
      ? 'it has no `sequence`'
      : `its \`sequence\` is ${JSON.stringify(sequence.slice(0, 60))}, not a whole number from 0 with at most 40 digits`;
  throw new SnsSqsError('INVALID_SEQUENCE', {
    problem: `The event has no valid subject or sequence, which \`ordering: '${rules.ordering}'\` of ${queue} asks for: ${wrong}`,
    remedy: "setSubject() and setSequence() where it is emitted, or `onInvalidSequence: 'proceed'`",
    facts: { queue, subject, sequence },
  });
}
