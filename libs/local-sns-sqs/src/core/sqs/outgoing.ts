import { createHash } from 'node:crypto';
import type { Broker } from '../broker.js';
import { SENDER_ID } from '../broker.js';
import { invalidMessageContents, invalidParameterValue, invalidValue, missingParameter } from '../errors.js';
import { type Input, isRecord, optionalInteger, optionalRecord, optionalString } from '../input.js';
import {
  type AttributeValue,
  FORBIDDEN_CHARACTERS,
  attributesMd5,
  readMessageAttributes,
  toMessageAttributes,
} from '../message-attributes.js';
import type { NewMessage } from '../message.js';
import type { Output } from '../operation.js';
import type { Queue } from '../queue/queue.js';
import { md5 } from './md5.js';

const MAX_ATTRIBUTES = 10;
const MAX_DELAY_SECONDS = 900;
const GROUP_OR_DEDUPLICATION_ID = /^[A-Za-z0-9!-/:-@[-`{-~]{1,128}$/;

/** A message on its way into a queue. */
export interface Outgoing {
  input: Input;
  body: string;
  bytes: number;
  attributes: NewMessage['attributes'];
  traceHeader: string | undefined;
  systemAttributesMd5: string | undefined;
}

function readSystemAttributes(input: Input): Map<string, AttributeValue> {
  const values = new Map<string, AttributeValue>();
  for (const [name, raw] of Object.entries(optionalRecord(input, 'MessageSystemAttributes') ?? {})) {
    const value = isRecord(raw) ? raw : {};
    const StringValue = optionalString(value, 'StringValue');
    if (name !== 'AWSTraceHeader' || optionalString(value, 'DataType') !== 'String' || !StringValue) {
      throw invalidParameterValue(
        `The message system attribute '${name}' is invalid: only AWSTraceHeader, of type String, is supported.`,
      );
    }
    values.set(name, { DataType: 'String', StringValue });
  }
  return values;
}

/** Reads one message, without the rules that depend on its queue. */
export function readOutgoing(input: Input): Outgoing {
  const body = optionalString(input, 'MessageBody');
  if (!body) throw missingParameter('MessageBody');
  if (FORBIDDEN_CHARACTERS.test(body)) throw invalidMessageContents();
  const values = readMessageAttributes(input, 'MessageAttributes');
  if (values.size > MAX_ATTRIBUTES) {
    throw invalidParameterValue(
      `Number of message attributes [${values.size}] exceeds the allowed maximum [${MAX_ATTRIBUTES}].`,
    );
  }
  const attributes = toMessageAttributes(values);
  const system = readSystemAttributes(input);
  return {
    input,
    body,
    bytes: Buffer.byteLength(body) + (attributes?.bytes ?? 0),
    attributes,
    traceHeader: system.get('AWSTraceHeader')?.StringValue,
    systemAttributesMd5: system.size > 0 ? attributesMd5(system) : undefined,
  };
}

function checkedId(input: Input, key: string): string | undefined {
  const value = optionalString(input, key);
  if (value === undefined) return undefined;
  if (!GROUP_OR_DEDUPLICATION_ID.test(value)) {
    throw invalidValue(
      value,
      key,
      `${key} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
    );
  }
  return value;
}

function delayOf(queue: Queue, input: Input): number {
  const seconds = optionalInteger(input, 'DelaySeconds');
  if (seconds === undefined) return queue.seconds('DelaySeconds') * 1000;
  if (seconds < 0 || seconds > MAX_DELAY_SECONDS) {
    throw invalidValue(seconds, 'DelaySeconds', `DelaySeconds must be >= 0 and <= ${MAX_DELAY_SECONDS}.`);
  }
  if (queue.fifo && seconds > 0) {
    throw invalidValue(seconds, 'DelaySeconds', 'The request include parameter that is not valid for this queue type.');
  }
  return queue.fifo ? queue.seconds('DelaySeconds') * 1000 : seconds * 1000;
}

function deduplicationOf(queue: Queue, input: Input, body: string): string {
  const given = checkedId(input, 'MessageDeduplicationId');
  if (given !== undefined) return given;
  if (queue.attributes.get('ContentBasedDeduplication') === 'true')
    return createHash('sha256').update(body).digest('hex');
  throw invalidParameterValue(
    'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
  );
}

const deduplicationKey = (queue: Queue, groupId: string, id: string): string =>
  queue.attributes.get('DeduplicationScope') === 'messageGroup' ? `${groupId}\n${id}` : id;

/** Puts a message into its queue, or recognises it as sent before. */
export function place(broker: Broker, queue: Queue, outgoing: Outgoing): Output {
  const { input, body, bytes, attributes } = outgoing;
  const limit = queue.seconds('MaximumMessageSize');
  if (bytes > limit) {
    throw invalidParameterValue(
      `One or more parameters are invalid. Reason: Message must be shorter than ${limit} bytes.`,
    );
  }
  const delayMs = delayOf(queue, input);
  const groupId = checkedId(input, 'MessageGroupId');
  const bodyMd5 = md5(body);
  const content: NewMessage = {
    id: '',
    body,
    bodyMd5,
    senderId: SENDER_ID,
    attributes,
    groupId,
    traceHeader: outgoing.traceHeader,
    delayMs,
  };
  const answer: Output = { MessageId: '', MD5OfMessageBody: bodyMd5 };
  if (attributes) answer.MD5OfMessageAttributes = attributes.md5;
  if (outgoing.systemAttributesMd5) answer.MD5OfMessageSystemAttributes = outgoing.systemAttributesMd5;

  if (!queue.fifo) {
    if (input.MessageDeduplicationId !== undefined && input.MessageDeduplicationId !== null) {
      const id = optionalString(input, 'MessageDeduplicationId');
      throw invalidValue(
        id,
        'MessageDeduplicationId',
        'The request include parameter that is not valid for this queue type.',
      );
    }
    content.id = broker.ids.uuid();
    answer.MessageId = content.id;
    queue.enqueue(content);
    return answer;
  }

  if (groupId === undefined) throw missingParameter('MessageGroupId');
  content.deduplicationId = deduplicationOf(queue, input, body);
  const key = deduplicationKey(queue, groupId, content.deduplicationId);
  const now = broker.now();
  const before = queue.deduplication.find(key, now);
  if (before) return { ...answer, MessageId: before.messageId, SequenceNumber: before.sequenceNumber };
  content.id = broker.ids.uuid();
  content.sequenceNumber = queue.nextSequenceNumber();
  queue.deduplication.remember(key, content.id, content.sequenceNumber, now);
  queue.enqueue(content);
  return { ...answer, MessageId: content.id, SequenceNumber: content.sequenceNumber };
}
