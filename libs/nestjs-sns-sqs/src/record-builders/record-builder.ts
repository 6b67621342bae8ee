import { AWS_MAX_MESSAGE_ATTRIBUTES } from '../constants.js';
import { quoted } from '../logging/printable.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { MessageAttribute } from '../interfaces/wire.interface.js';
import { cutProblem, textProblem } from '../envelope/message-text.js';
import { PublishRecord, type RecordOptions } from './record.js';

/** AWS: 1 to 128 characters, alphanumeric and punctuation (quotas-messages). */
const GROUP_OR_DEDUPLICATION_ID = /^[A-Za-z0-9!-/:-@[-`{-~]{1,128}$/;
/** AWS: 256 of A-Z a-z 0-9 _ - . without a leading, trailing or double period (sqs-message-metadata). */
const ATTRIBUTE_NAME = /^(?!.*\.\.)(?!\.)[A-Za-z0-9_.-]{1,256}(?<!\.)$/;
const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}/;

const CUT_REMEDY = 'cut texts between characters, and leave out what AWS refuses';

export const invalidRecord = (problem: string, remedy: string): SnsSqsError =>
  new SnsSqsError('INVALID_RECORD', { problem, remedy });

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
    const text = String(sequence);
    if (!/^\d+$/.test(text))
      throw invalidRecord(`sequence ${quoted(text)} is no whole number from 0`, "give the aggregate's version");
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
    if (!TRACEPARENT.test(traceparent)) {
      throw invalidRecord(`traceparent ${quoted(traceparent)} is none`, 'give one in the form of W3C trace context');
    }
    this.options.traceparent = traceparent;
    return this;
  }

  /**
   * Publishes the message at this time or soon after, however far away: it waits in the client's outbox. Refuses an
   * invalid date. A time that is over means at once.
   */
  setDeliverAt(time: Date): this {
    if (!(time instanceof Date) || Number.isNaN(time.getTime())) {
      throw invalidRecord(`the delivery time ${quoted(time)} is no date`, 'give a valid Date');
    }
    this.options.deliverAt = time;
    return this;
  }

  /**
   * With {@link setDeliverAt}: a later message with the same key replaces this one, and `client.cancel(key)` removes it.
   * 1 to 200 characters. @default the message cannot be replaced or cancelled
   */
  setScheduleKey(key: string): this {
    if (typeof key !== 'string' || key === '' || key.length > 200 || key.includes('\0')) {
      throw invalidRecord(`the schedule key ${quoted(key)} is not allowed`, 'give a text of 1 to 200 characters');
    }
    this.options.scheduleKey = key;
    return this;
  }

  /** A message attribute beside `type`; at most nine, since AWS takes ten. */
  setAttribute(name: string, value: string | number | Uint8Array): this {
    if (!ATTRIBUTE_NAME.test(name) || /^(aws|amazon)\./i.test(name) || name === 'type') {
      throw invalidRecord(`attribute name ${quoted(name)} is not allowed`, 'use A-Z a-z 0-9 _ - . and not `type`');
    }
    if (typeof value === 'number' ? !Number.isFinite(value) : value.length === 0) {
      throw invalidRecord(`attribute ${name} is empty or no number`, 'leave it out');
    }
    const problem = typeof value === 'string' ? textProblem(value) : undefined;
    if (problem !== undefined) throw invalidRecord(`attribute ${name} ${quoted(value)}: ${problem}`, CUT_REMEDY);
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
    if (typeof value !== 'string' || value === '') throw invalidRecord(`${name} is no text`, 'give a non-empty string');
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
