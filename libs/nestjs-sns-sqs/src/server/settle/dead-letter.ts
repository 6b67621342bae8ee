import { AWS_MAX_MESSAGE_ATTRIBUTES, SQS_MAX_BYTES } from '../../constants.js';
import { messageBytes } from '../../envelope/message-size.js';
import { printable } from '../../logging/printable.js';
import type { MessageAttribute, MessageAttributes, OutgoingSqsMessage } from '../../interfaces/wire.interface.js';
import type { Delivery } from '../delivery.js';
import { reportError } from './error-report.js';

/** Names of the attributes that a dead letter carries beside its own. */
export const DEAD_LETTER_ATTRIBUTES = {
  reason: 'deadletter.reason',
  error: 'deadletter.error',
  details: 'deadletter.details',
  attempts: 'deadletter.attempts',
  queue: 'deadletter.queue',
  messageId: 'deadletter.message-id',
  time: 'deadletter.time',
  /** All of the above as one JSON object, where the message's own attributes leave room for one only. */
  all: 'deadletter',
} as const;

const MAX_REASON = 1_000;
const MAX_DETAILS = 8_000;

const text = (value: string): MessageAttribute => ({ DataType: 'String', StringValue: value });

function ours(delivery: Delivery, queue: string, attempts: number, error: unknown, now: Date): Record<string, string> {
  const report = reportError(error);
  const names = DEAD_LETTER_ATTRIBUTES;
  return {
    [names.reason]: printable(report.reason.slice(0, MAX_REASON)) || 'unknown',
    [names.attempts]: String(attempts),
    [names.queue]: queue,
    [names.messageId]: delivery.messageId || 'unknown',
    [names.error]: report.name || 'Error',
    [names.time]: now.toISOString(),
    ...(report.details ? { [names.details]: printable(report.details.slice(0, MAX_DETAILS)) } : {}),
  };
}

/** The message's own attributes, and ours: one by one, or as one JSON attribute when AWS's ten would not hold them. */
function merged(own: MessageAttributes, added: Record<string, string>): MessageAttributes {
  const room = AWS_MAX_MESSAGE_ATTRIBUTES - Object.keys(own).length;
  const entries = Object.entries(added);
  if (entries.length <= room) {
    return { ...own, ...Object.fromEntries(entries.map(([name, value]) => [name, text(value)])) };
  }
  const kept = Object.entries(own).slice(0, AWS_MAX_MESSAGE_ATTRIBUTES - 1);
  const dropped = Object.entries(own).slice(AWS_MAX_MESSAGE_ATTRIBUTES - 1);
  const all = {
    ...added,
    ...(dropped.length > 0 ? { attributes: Object.fromEntries(dropped.map(([n, v]) => [n, v.StringValue])) } : {}),
  };
  return { ...Object.fromEntries(kept), [DEAD_LETTER_ATTRIBUTES.all]: text(JSON.stringify(all)) };
}

/**
 * The copy of a message for its dead letter queue: same body, its own attributes, and the reason, the attempts and the
 * original ids as attributes. Never over AWS's 10 attributes and 1 MiB: what does not fit is left out, details first,
 * the reason last. On FIFO it keeps its group, and takes the original's id for deduplication, so that a copy made
 * twice within five minutes is one.
 */
export function deadLetterOf(
  delivery: Delivery,
  queue: { name: string; fifo: boolean },
  attempts: number,
  error: unknown,
  now: Date,
  maxBytes = SQS_MAX_BYTES,
): Omit<OutgoingSqsMessage, 'id'> {
  const body = delivery.message.Body ?? '';
  const own = delivery.message.MessageAttributes ?? {};
  const added = ours(delivery, queue.name, attempts, error, now);
  let attributes = merged(own, added);
  for (const name of [
    DEAD_LETTER_ATTRIBUTES.details,
    DEAD_LETTER_ATTRIBUTES.time,
    DEAD_LETTER_ATTRIBUTES.error,
    DEAD_LETTER_ATTRIBUTES.queue,
    DEAD_LETTER_ATTRIBUTES.messageId,
    DEAD_LETTER_ATTRIBUTES.attempts,
    DEAD_LETTER_ATTRIBUTES.reason,
  ]) {
    if (messageBytes(body, attributes) <= maxBytes) break;
    delete added[name];
    attributes = Object.keys(added).length > 0 ? merged(own, added) : own;
  }
  return {
    body,
    attributes,
    ...(queue.fifo ? { groupId: delivery.groupId ?? 'none', deduplicationId: delivery.messageId } : {}),
  };
}
