import { isDate, isUint8Array } from 'node:util/types';
import { AWS_MAX_MESSAGE_ATTRIBUTES } from '../constants.js';
import { quoted } from '../logging/printable.js';
import { typeName } from '../options/schema-words.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { MessageAttribute } from '../interfaces/wire.interface.js';
import { cutProblem, textProblem } from '../envelope/message-text.js';
import { PublishRecord, type RecordOptions } from './record.js';

/** AWS: 1 to 128 characters, alphanumeric and punctuation (quotas-messages). */
const GROUP_OR_DEDUPLICATION_ID = /^[A-Za-z0-9!-/:-@[-`{-~]{1,128}$/;
/** AWS: 256 of A-Z a-z 0-9 _ - . without a leading, trailing or double period (sqs-message-metadata). */
const ATTRIBUTE_NAME = /^(?!.*\.\.)(?!\.)[A-Za-z0-9_.-]{1,256}(?<!\.)$/;
const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}/;

/** AWS: magnitudes of an attribute that is a number, beside 0 (sqs-message-metadata). */
const NUMBER = { least: 1e-128, most: 1e126 };
/** The consumer takes 40 digits. */
const SEQUENCE = /^\d{1,40}$/;
/** RFC 3339 and databases have years of four digits. */
const LAST_DATE_MS = Date.UTC(9999, 11, 31);

const CUT_REMEDY = 'cut texts between characters, and leave out what AWS refuses';

export const invalidRecord = (problem: string, remedy: string): SnsSqsError =>
  new SnsSqsError('INVALID_RECORD', { problem, remedy });

/** Throws INVALID_RECORD for what setScheduleKey() does not take. */
export function assertScheduleKey(key: unknown): void {
  if (typeof key !== 'string' || key === '' || key.length > 200 || key.includes('\0')) {
    throw invalidRecord(`the schedule key ${quoted(key)} is not allowed`, 'give a text of 1 to 200 characters');
  }
  // The database would take it for another key that is cut at the same place.
  const problem = cutProblem(key);
  if (problem !== undefined) throw invalidRecord(`the schedule key ${quoted(key)}: ${problem}`, CUT_REMEDY);
}

function isNumberOfAws(value: number): boolean {
  const magnitude = Math.abs(value);
  return value === 0 || (magnitude >= NUMBER.least && magnitude <= NUMBER.most);
}

/** What is wrong with the value of an attribute, whatever its type; undefined: nothing. */
function valueProblem(value: unknown): string | undefined {
  if (typeof value === 'number') {
    return isNumberOfAws(value)
      ? undefined
      : `${value} is outside the numbers that AWS takes: 0, or between 10^-128 and 10^126`;
  }
  if (typeof value === 'string') return value === '' ? 'it is empty' : textProblem(value);
  // The SDK would throw while it writes the whole batch.
  if (!isUint8Array(value)) return `${quoted(value)} is not a string, number or Uint8Array`;
  return value.byteLength === 0 ? 'it is empty' : undefined;
}

function asAttribute(value: string | number | Uint8Array): MessageAttribute {
  if (typeof value === 'number') return { DataType: 'Number', StringValue: String(value) };
  return typeof value === 'string'
    ? { DataType: 'String', StringValue: value }
    : { DataType: 'Binary', BinaryValue: value };
}

/** The common part of both record builders. Every setter throws INVALID_RECORD on a value that AWS would refuse. */
export abstract class RecordBuilder<T> {
  protected readonly options: RecordOptions = {};

  constructor(private readonly data: T) {}

  /**
   * Message group: what has the same one stays in order on FIFO; on a standard topic it is passed on for fair queues.
   * 1 to 128 characters, alphanumeric and punctuation.
   */
  setGroupId(groupId: string): this {
    return this.checkedId('group id', groupId, () => (this.options.groupId = groupId));
  }

  /** FIFO: what has the same one within five minutes is one message. @default by the event's source and id */
  setDeduplicationId(deduplicationId: string): this {
    return this.checkedId('deduplication id', deduplicationId, () => (this.options.deduplicationId = deduplicationId));
  }

  /** The event's id, in place of a random one: for a publisher that may repeat itself after a crash. */
  setId(id: string): this {
    return this.text('id', id);
  }

  /** The thing that the event is about: the aggregate's id. */
  setSubject(subject: string): this {
    return this.text('subject', subject);
  }

  /**
   * Position among the events of its subject: a whole number from 0, such as the aggregate's version. `'next'`: the
   * outbox gives the next number, from 1 on and without a gap, in the transaction that the event is emitted in.
   */
  setSequence(sequence: number | bigint | string): this {
    delete this.options.sequence;
    delete this.options.nextSequence;
    if (sequence === 'next') {
      this.options.nextSequence = true;
      return this;
    }
    // JavaScript has rounded it, so that two events would have one number, and the second would be skipped.
    if (typeof sequence === 'number' && sequence > Number.MAX_SAFE_INTEGER) {
      throw invalidRecord(
        `sequence ${sequence} is beyond 2^53 - 1, where numbers are rounded`,
        'give a bigint or a text',
      );
    }
    const text = ['string', 'number', 'bigint'].includes(typeof sequence) ? String(sequence) : '';
    if (!SEQUENCE.test(text)) {
      throw invalidRecord(
        `sequence ${quoted(sequence)} is not a whole number from 0 with at most 40 digits`,
        "give the aggregate's version",
      );
    }
    this.options.sequence = text;
    return this;
  }

  setCorrelationId(correlationId: string): this {
    return this.text('correlationId', correlationId);
  }

  /** Id of the event or command that caused this one. */
  setCausationId(causationId: string): this {
    return this.text('causationId', causationId);
  }

  /** W3C trace context, `00-<trace id>-<span id>-01`. */
  setTraceparent(traceparent: string): this {
    if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) {
      throw invalidRecord(
        `traceparent ${quoted(traceparent)} is not a W3C trace context`,
        'give 00-<trace id>-<span id>-01',
      );
    }
    this.options.traceparent = traceparent;
    return this;
  }

  /**
   * Publishes the message at this time or soon after, however far away: it waits in the client's outbox. Refuses an
   * invalid date, and one after the year 9999. A time that is over means at once.
   */
  setDeliverAt(time: Date): this {
    if (!isDate(time) || Number.isNaN(time.getTime())) {
      throw invalidRecord(`the delivery time ${quoted(time)} is not a valid date`, 'give a valid Date');
    }
    if (time.getTime() > LAST_DATE_MS) {
      throw invalidRecord(
        `the delivery time ${quoted(time)} is after the year 9999`,
        'give `new Date(…)` milliseconds since 1970',
      );
    }
    // A database may have no room for what is long over.
    this.options.deliverAt = time.getTime() < 0 ? new Date(0) : time;
    return this;
  }

  /**
   * With {@link setDeliverAt}: a later message with the same key replaces this one, and `client.cancel(key)` removes it.
   * 1 to 200 characters. @default the message cannot be replaced or cancelled
   */
  setScheduleKey(key: string): this {
    assertScheduleKey(key);
    this.options.scheduleKey = key;
    return this;
  }

  /** A message attribute beside `type`; at most nine, since AWS takes ten. */
  setAttribute(name: string, value: string | number | Uint8Array): this {
    if (
      typeof name !== 'string' ||
      !ATTRIBUTE_NAME.test(name) ||
      /^(aws|amazon)\./i.test(name) ||
      // It would be lost: in JavaScript it is no name like another.
      name === '__proto__' ||
      name === 'type'
    ) {
      throw invalidRecord(`attribute name ${quoted(name)} is not allowed`, 'use A-Z a-z 0-9 _ - . and not `type`');
    }
    const problem = valueProblem(value);
    if (problem !== undefined) {
      const remedy = typeof value === 'string' && value !== '' ? CUT_REMEDY : 'leave it out, or put it into the data';
      throw invalidRecord(`attribute ${name} ${quoted(value)}: ${problem}`, remedy);
    }
    const attributes = { ...this.options.attributes, [name]: asAttribute(value) };
    if (Object.keys(attributes).length >= AWS_MAX_MESSAGE_ATTRIBUTES) {
      throw invalidRecord(
        `${name} is one attribute too many: AWS takes ten, and \`type\` is one`,
        'put it into the data',
      );
    }
    this.options.attributes = attributes;
    return this;
  }

  build(): PublishRecord<T> {
    return new PublishRecord(this.data, { ...this.options });
  }

  private text(name: 'id' | 'subject' | 'correlationId' | 'causationId', value: string): this {
    if (typeof value !== 'string' || value === '') {
      const given = value === '' ? 'empty' : value === undefined ? 'undefined' : `${typeName(value)} ${quoted(value)}`;
      throw invalidRecord(`${name} is ${given}`, 'give a non-empty string, such as `String(user.id)`');
    }
    const problem = cutProblem(value);
    if (problem !== undefined) throw invalidRecord(`${name} ${quoted(value)}: ${problem}`, CUT_REMEDY);
    this.options[name] = value;
    return this;
  }

  private checkedId(what: string, value: string, set: () => void): this {
    if (typeof value !== 'string' || !GROUP_OR_DEDUPLICATION_ID.test(value)) {
      throw invalidRecord(
        `${what} ${quoted(value)} is not allowed`,
        'AWS takes 1 to 128 alphanumeric and punctuation characters',
      );
    }
    set();
    return this;
  }
}

/** Whether AWS takes it as a message group or deduplication id. */
export const isAllowedId = (value: string): boolean => GROUP_OR_DEDUPLICATION_ID.test(value);
