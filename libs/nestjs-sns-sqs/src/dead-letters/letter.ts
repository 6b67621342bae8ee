import { decodeBody } from '../envelope/decode.js';
import type { EventEnvelope } from '../interfaces/envelope.interface.js';
import type { FullName } from '../interfaces/names.interface.js';
import type { MessageAttributes, SqsMessage } from '../interfaces/wire.interface.js';
import { DEAD_LETTER_ATTRIBUTES, deadLetterFacts, originOf } from '../server/settle/dead-letter.js';
import { nameOfArn, type QueueFacts } from './dead-letter-queue.js';
import { failureGroup } from './failure-group.js';

/**
 * Name of the message attribute that counts the redrives of a message. The attribute survives the next failure.
 *
 * @example
 * ```ts
 * const redrives = (attributes: Record<string, { StringValue?: string }>) =>
 *   Number(attributes[REDRIVE_COUNT]?.StringValue ?? 0);
 * ```
 */
export const REDRIVE_COUNT = 'redrive.count';

/** A message in a dead-letter queue. */
export interface Letter {
  /** SQS's id of the message in the dead-letter queue. */
  id: string;
  /** Full name of the dead-letter queue. */
  queue: FullName;
  /** Full name of the queue that the letter comes from. Undefined: the letter does not say. */
  source: FullName | undefined;
  /** Key of the group of letters that failed alike. */
  group: string;
  /** The event's type. Undefined: the body is not an event, and no attribute names a type. */
  type: string | undefined;
  /** The event in the body. Undefined: the body cannot be read as a CloudEvent. */
  event: EventEnvelope | undefined;
  /** The error message. Undefined: SQS itself moved the message. */
  reason: string | undefined;
  /** Class or code of the error. */
  error: string | undefined;
  /** JSON with more about the error. */
  details: string | undefined;
  /** The first line of the error's stack that is the app's own. */
  frame: string | undefined;
  attempts: number | undefined;
  /** When the message was dead-lettered, RFC 3339. */
  failedAt: string | undefined;
  /** Id that the message had in its queue when it first failed. */
  originalMessageId: string | undefined;
  /** How often this desk redrove the message before. */
  redrives: number;
  /** Message group. On a FIFO queue every letter has one. */
  groupId: string | undefined;
  /** When SQS accepted the message, in epoch milliseconds. */
  sentAt: number;
  /** When SQS deletes the letter, in epoch milliseconds. Undefined: the queue's retention is not known. */
  expiresAt: number | undefined;
  body: string;
  /** The message's own attributes, without those that dead-lettering added. */
  attributes: MessageAttributes;
  /** `AWSTraceHeader`, if the message has one. */
  awsTraceHeader: string | undefined;
  /** FIFO: SQS's position of the letter in the queue. */
  sequenceNumber: string | undefined;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

function count(value: unknown): number | undefined {
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}

function eventOf(body: string): EventEnvelope | undefined {
  try {
    return decodeBody(body);
  } catch {
    return undefined;
  }
}

/** Also what a newer version of the library may have added. */
const isAdded = (name: string): boolean =>
  name === DEAD_LETTER_ATTRIBUTES.all || name.startsWith(`${DEAD_LETTER_ATTRIBUTES.all}.`);

/** The attributes that the message had before it failed. */
const ownAttributes = (attributes: MessageAttributes): MessageAttributes =>
  Object.fromEntries(Object.entries(originOf(attributes).own).filter(([name]) => !isAdded(name)));

/** Reads a received message as a letter. Never throws. */
export function readLetter(message: SqsMessage, queue: Pick<QueueFacts, 'name' | 'retentionSeconds'>): Letter {
  const { Body: body = '', Attributes: system = {}, MessageAttributes: attributes = {} } = message;
  const facts = deadLetterFacts(name => attributes[name]?.StringValue);
  const names = DEAD_LETTER_ATTRIBUTES;
  const own = ownAttributes(attributes);
  const event = eventOf(body);
  const sourceArn = system['DeadLetterQueueSourceArn'];
  const sentAt = Number(system['SentTimestamp'] ?? 0);
  const read = {
    type: event?.metadata.type ?? own['type']?.StringValue,
    reason: text(facts[names.reason]),
    error: text(facts[names.error]),
    frame: text(facts[names.frame]),
  };
  return {
    id: message.MessageId ?? '',
    queue: queue.name,
    source: text(facts[names.queue]) ?? (sourceArn === undefined ? undefined : nameOfArn(sourceArn)),
    group: failureGroup(read).key,
    ...read,
    event,
    details: text(facts[names.details]),
    attempts: count(facts[names.attempts]),
    failedAt: text(facts[names.time]),
    originalMessageId: text(facts[names.messageId]),
    redrives: count(own[REDRIVE_COUNT]?.StringValue) ?? 0,
    groupId: system['MessageGroupId'],
    sentAt,
    expiresAt: queue.retentionSeconds > 0 ? sentAt + queue.retentionSeconds * 1_000 : undefined,
    body,
    attributes: own,
    awsTraceHeader: system['AWSTraceHeader'],
    sequenceNumber: system['SequenceNumber'],
  };
}
