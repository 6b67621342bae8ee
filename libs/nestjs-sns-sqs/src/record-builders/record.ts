import type { EventFields } from '../envelope/event-attributes.js';
import type { PacketMetadata } from '../interfaces/envelope.interface.js';
import type { MessageAttributes } from '../interfaces/wire.interface.js';

/** `Symbol.for`: the ESM and the CJS build know each other's records. */
const RECORD = Symbol.for('nestjs-sns-sqs.record');

/** The options of a record. */
export interface RecordOptions extends EventFields {
  groupId?: string;
  deduplicationId?: string;
  delaySeconds?: number;
  id?: string;
  /** The outbox gives the event the next number of its subject. */
  nextSequence?: true;
  /** The outbox keeps the message until then. */
  deliverAt?: Date;
  scheduleKey?: string;
  /** Of a request: how long its caller waits for the first reply, in milliseconds. */
  replyTimeoutMs?: number;
  attributes?: MessageAttributes;
  /** The values that Nest's dispatch hook attached to the packet. */
  packetMetadata?: PacketMetadata;
}

/** Data with options, made by a record builder's `build()`; `emit()` takes it in place of the data. */
export class PublishRecord<T = unknown> {
  readonly [RECORD] = true;

  constructor(
    readonly data: T,
    readonly options: Readonly<RecordOptions>,
  ) {}
}

export const isRecord = (value: unknown): value is PublishRecord =>
  typeof value === 'object' && value !== null && (value as Partial<PublishRecord>)[RECORD] === true;
