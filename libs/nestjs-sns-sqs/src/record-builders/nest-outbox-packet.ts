import { createHash } from 'node:crypto';
import { isAllowedId } from './record-builder.js';
import type { PublishRecord } from './record.js';
import { SqsRecordBuilder } from './sqs-record.builder.js';

/** The part of a message of `@nestjs/outbox` that travels. */
export interface NestOutboxMessage {
  id: string;
  topic: string;
  payload: unknown;
  headers: Readonly<Record<string, string>>;
  /** Messages of one key keep their order; null: no order. */
  key: string | null;
}

/** Its arguments for `client.emit()`. */
export interface NestOutboxPacket {
  pattern: string;
  data: PublishRecord;
}

/** Headers that an event has as fields of its own, in lower case. */
const FIELDS: Record<string, (builder: SqsRecordBuilder, value: string) => unknown> = {
  traceparent: (builder, value) => builder.setTraceparent(value),
  correlationid: (builder, value) => builder.setCorrelationId(value),
  'correlation-id': (builder, value) => builder.setCorrelationId(value),
  causationid: (builder, value) => builder.setCausationId(value),
  'causation-id': (builder, value) => builder.setCausationId(value),
};

/** SQS takes 128 printable characters; the hash of other keys keeps their order, too. */
const groupOf = (key: string): string => (isAllowedId(key) ? key : createHash('sha256').update(key).digest('hex'));

/**
 * Maps a message of `@nestjs/outbox` to an event of this library: the option `toPacket` of its `ClientProxyTransport()`.
 * The topic becomes the event's type, the id stays, and the key becomes the subject and the message group. `traceparent`,
 * `correlation-id` and `causation-id` among the headers become fields of the event, other headers become message
 * attributes.
 *
 * @throws {SnsSqsError} INVALID_RECORD: SNS or SQS would refuse a header, for example the tenth attribute.
 * @example
 * ```typescript
 * const transport = ClientProxyTransport('EVENTS', { toPacket: nestOutboxPacket }); // 'EVENTS' is a ClientSNS
 * ```
 */
export function nestOutboxPacket({ id, topic, payload, headers, key }: NestOutboxMessage): NestOutboxPacket {
  const builder = new SqsRecordBuilder(payload).setId(id);
  if (key !== null && key !== '') builder.setSubject(key).setGroupId(groupOf(key));
  for (const [name, value] of Object.entries(headers)) {
    const set = FIELDS[name.toLowerCase()];
    if (set) set(builder, value);
    else if (value !== '') builder.setAttribute(name, value);
  }
  return { pattern: topic, data: builder.build() };
}
