import { AWS_MAX_MESSAGE_ATTRIBUTES, SQS_MAX_BYTES } from '../../constants.js';
import { messageBytes } from '../../envelope/message-size.js';
import { appFrame } from '../../errors/app-frame.js';
import { peek } from '../../errors/thrown.js';
import { printable } from '../../logging/printable.js';
import type { MessageAttribute, MessageAttributes, OutgoingSqsMessage } from '../../interfaces/wire.interface.js';
import type { Delivery } from '../delivery.js';
import { reportError } from './error-report.js';

/**
 * Names of the attributes that a dead letter carries beside its own.
 *
 * @example
 * ```ts
 * const reasonOf = (letter: { MessageAttributes?: Record<string, { StringValue?: string }> }) =>
 *   letter.MessageAttributes?.[DEAD_LETTER_ATTRIBUTES.reason]?.StringValue;
 * ```
 */
export const DEAD_LETTER_ATTRIBUTES = {
  reason: 'deadletter.reason',
  error: 'deadletter.error',
  details: 'deadletter.details',
  /** The first line of the error's stack that is the app's own. */
  frame: 'deadletter.frame',
  attempts: 'deadletter.attempts',
  queue: 'deadletter.queue',
  messageId: 'deadletter.message-id',
  time: 'deadletter.time',
  /** W3C Trace Context of the last attempt, where it was traced. */
  traceparent: 'deadletter.traceparent',
  /** All of the above as one JSON object, where the message's own attributes leave room for one only. */
  all: 'deadletter',
} as const;

const MAX_REASON = 1_000;
const MAX_DETAILS = 8_000;

const text = (value: string): MessageAttribute => ({ DataType: 'String', StringValue: value });

function ours(
  messageId: string,
  queue: string,
  attempts: number,
  error: unknown,
  now: Date,
  traceparent: string | undefined,
): Record<string, string> {
  const report = reportError(error);
  const frame = appFrame(error);
  const names = DEAD_LETTER_ATTRIBUTES;
  return {
    [names.reason]: printable(report.reason.slice(0, MAX_REASON)) || 'unknown',
    [names.attempts]: String(attempts),
    [names.queue]: queue,
    [names.messageId]: messageId || 'unknown',
    [names.error]: report.name || 'Error',
    [names.time]: now.toISOString(),
    ...(frame !== undefined && { [names.frame]: printable(frame) }),
    ...(traceparent !== undefined && { [names.traceparent]: traceparent }),
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
  const moved = Object.entries(own).slice(AWS_MAX_MESSAGE_ATTRIBUTES - 1);
  const all = {
    ...added,
    ...(moved.length > 0
      ? { attributes: Object.fromEntries(moved.map(([name, value]) => [name, asJson(value)])) }
      : {}),
  };
  return { ...Object.fromEntries(kept), [DEAD_LETTER_ATTRIBUTES.all]: text(JSON.stringify(all)) };
}

/** A text as it is; anything else with its type, and bytes in base64. */
function asJson({ DataType, StringValue, BinaryValue }: MessageAttribute): unknown {
  if (BinaryValue) return { DataType, BinaryValue: Buffer.from(BinaryValue).toString('base64') };
  return DataType === 'String' ? StringValue : { DataType, StringValue };
}

function fromJson(value: unknown): MessageAttribute | undefined {
  if (typeof value === 'string') return text(value);
  const [DataType, StringValue, BinaryValue] = ['DataType', 'StringValue', 'BinaryValue'].map(key => peek(value, key));
  if (typeof DataType !== 'string') return undefined;
  if (typeof BinaryValue === 'string') return { DataType, BinaryValue: Buffer.from(BinaryValue, 'base64') };
  return typeof StringValue === 'string' ? { DataType, StringValue } : undefined;
}

/** What a message was before it was a dead letter: it may have been redriven, and fail again. */
export interface Origin {
  own: MessageAttributes;
  /** The id that it had when it first failed; undefined: it is no letter. */
  messageId: string | undefined;
}

const OURS: ReadonlySet<string> = new Set(Object.values(DEAD_LETTER_ATTRIBUTES));

/** Takes from a letter what an earlier failure wrote on it, and puts its own attributes back in their places. */
export function originOf(attributes: MessageAttributes): Origin {
  const own = Object.fromEntries(Object.entries(attributes).filter(([name]) => !OURS.has(name)));
  const all = deadLetterFacts(name => attributes[name]?.StringValue);
  const moved = peek(all, 'attributes');
  if (typeof moved === 'object' && moved !== null) {
    for (const [name, value] of Object.entries(moved)) {
      const attribute = fromJson(value);
      if (attribute && !OURS.has(name)) own[name] = attribute;
    }
  }
  const messageId = all[DEAD_LETTER_ATTRIBUTES.messageId];
  return { own, messageId: typeof messageId === 'string' && messageId !== '' ? messageId : undefined };
}

/**
 * What a dead letter tells, by the names in {@link DEAD_LETTER_ATTRIBUTES}, whether it is in an attribute for each or in
 * one for all. What the one attribute holds else is given too.
 * @param valueOf the text of an attribute; undefined: there is none
 */
export function deadLetterFacts(valueOf: (name: string) => string | undefined): Record<string, unknown> {
  const facts: Record<string, unknown> = {};
  const all = valueOf(DEAD_LETTER_ATTRIBUTES.all);
  if (all !== undefined) Object.assign(facts, parsed(all));
  for (const name of OURS) {
    const value = valueOf(name);
    if (value !== undefined && name !== DEAD_LETTER_ATTRIBUTES.all) facts[name] = value;
  }
  return facts;
}

function parsed(json: string): object {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** A reason says something from so many bytes on. */
const MIN_REASON = 16;

/** The text without its last `excess` bytes; empty where little would be left. */
function shortened(reason: string, excess: number): string {
  const room = Buffer.byteLength(reason) - excess;
  if (room < MIN_REASON) return '';
  // Not in the middle of a character.
  return Buffer.from(reason)
    .subarray(0, room)
    .toString()
    .replace(/\uFFFD+$/, '');
}

/**
 * The copy of a message for its dead letter queue: same body, its own attributes, and the reason, the attempts and the
 * original ids as attributes. Never over AWS's 10 attributes and `maxBytes`: what does not fit is left out, details
 * first, and the reason is shortened last. A letter that was redriven and fails again tells the new failure, and keeps the id that it first had.
 * On FIFO it keeps its group, and takes the original's id for deduplication, so that a copy made
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
  const { own, messageId = delivery.messageId } = originOf(delivery.message.MessageAttributes ?? {});
  const added = ours(messageId, queue.name, attempts, error, now, delivery.trace?.traceparent);
  let attributes = merged(own, added);
  for (const name of [
    DEAD_LETTER_ATTRIBUTES.details,
    DEAD_LETTER_ATTRIBUTES.frame,
    DEAD_LETTER_ATTRIBUTES.traceparent,
    DEAD_LETTER_ATTRIBUTES.time,
    DEAD_LETTER_ATTRIBUTES.error,
    DEAD_LETTER_ATTRIBUTES.queue,
    DEAD_LETTER_ATTRIBUTES.messageId,
    DEAD_LETTER_ATTRIBUTES.attempts,
    DEAD_LETTER_ATTRIBUTES.reason,
  ]) {
    const bytes = messageBytes(body, attributes);
    if (bytes <= maxBytes) break;
    const reason = name === DEAD_LETTER_ATTRIBUTES.reason ? shortened(added[name] ?? '', bytes - maxBytes) : '';
    if (reason === '') delete added[name];
    else added[name] = reason;
    attributes = Object.keys(added).length > 0 ? merged(own, added) : own;
  }
  return {
    body,
    attributes,
    origin: delivery.trace,
    ...(queue.fifo
      ? { groupId: delivery.groupId ?? 'none', deduplicationId: delivery.messageId }
      : // Of a fair queue: the tenant of a letter is known, and a redrive is fair too (sqs-fair-queues).
        delivery.groupId !== undefined && { groupId: delivery.groupId }),
  };
}
