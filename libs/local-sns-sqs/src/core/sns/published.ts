import { createHash } from 'node:crypto';
import type { Broker } from '../broker.js';
import { invalidMessageContents } from '../errors.js';
import { type Input, isRecord, optionalString } from '../input.js';
import { FORBIDDEN_CHARACTERS, readMessageAttributes, toMessageAttributes } from '../message-attributes.js';
import type { NewMessage } from '../message.js';
import { inSnsWords, invalidParameter } from './errors.js';
import type { Topic } from './topic.js';

const GROUP_OR_DEDUPLICATION_ID = /^[A-Za-z0-9!-/:-@[-`{-~]{1,128}$/;
const MOST_SUBJECT_CHARACTERS = 100;
const LINE_BREAK_OR_CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** A message that a topic has accepted, on its way to the subscriptions. */
export interface Published {
  id: string;
  /** What SQS subscribers get: the message, or its `sqs` part when it was published with MessageStructure `json`. */
  text: string;
  subject: string | undefined;
  attributes: NewMessage['attributes'];
  bytes: number;
  groupId: string | undefined;
  deduplicationId: string | undefined;
  sequenceNumber: string | undefined;
  publishedAt: number;
}

function checkedId(input: Input, key: string): string | undefined {
  const value = optionalString(input, key);
  if (value !== undefined && !GROUP_OR_DEDUPLICATION_ID.test(value)) {
    throw invalidParameter(`${key} Reason: it can only include 1 to 128 alphanumeric and punctuation characters`);
  }
  return value;
}

function checkedSubject(input: Input): string | undefined {
  const subject = optionalString(input, 'Subject');
  if (subject === undefined) return undefined;
  const sound =
    subject.length >= 1 && subject.length <= MOST_SUBJECT_CHARACTERS && !LINE_BREAK_OR_CONTROL.test(subject);
  if (!sound) throw invalidParameter('Subject');
  return subject;
}

/** MessageStructure `json`: one text per protocol, `default` for those that are not named. */
function textForSqs(message: string, structure: string | undefined): string {
  if (structure === undefined || structure === '') return message;
  if (structure !== 'json') throw invalidParameter('MessageStructure');
  let parsed: unknown;
  try {
    parsed = JSON.parse(message);
  } catch {
    throw invalidParameter('Message Structure - JSON message body failed to parse');
  }
  if (!isRecord(parsed) || typeof parsed.default !== 'string') {
    throw invalidParameter('Message Structure - No default entry in JSON message body');
  }
  return typeof parsed.sqs === 'string' ? parsed.sqs : parsed.default;
}

function deduplicationOf(topic: Topic, given: string | undefined, message: string): string | undefined {
  if (!topic.fifo) {
    if (given !== undefined) {
      throw invalidParameter(
        'MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type',
      );
    }
    return undefined;
  }
  if (given !== undefined) return given;
  if (topic.attributes.get('ContentBasedDeduplication') === 'true') {
    return createHash('sha256').update(message).digest('hex');
  }
  throw invalidParameter(
    'The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
  );
}

/** Bytes of a message as SNS counts them. */
export function readSize(input: Input): number {
  const attributes = toMessageAttributes(inSnsWords(() => readMessageAttributes(input, 'MessageAttributes')));
  return Buffer.byteLength(optionalString(input, 'Message') ?? '') + (attributes?.bytes ?? 0);
}

/** Reads and checks one message for a topic. */
export function readPublished(broker: Broker, topic: Topic, input: Input): Published {
  const message = optionalString(input, 'Message');
  if (!message) throw invalidParameter('Empty message');
  if (FORBIDDEN_CHARACTERS.test(message)) throw invalidParameter(invalidMessageContents().message);
  const attributes = toMessageAttributes(inSnsWords(() => readMessageAttributes(input, 'MessageAttributes')));
  const bytes = Buffer.byteLength(message) + (attributes?.bytes ?? 0);
  if (bytes > topic.maximumMessageSize) throw invalidParameter('Message too long');
  const groupId = checkedId(input, 'MessageGroupId');
  if (topic.fifo && groupId === undefined) {
    throw invalidParameter('The MessageGroupId parameter is required for FIFO topics');
  }
  return {
    id: broker.ids.uuid(),
    text: textForSqs(message, optionalString(input, 'MessageStructure')),
    subject: checkedSubject(input),
    attributes,
    bytes,
    groupId,
    deduplicationId: deduplicationOf(topic, checkedId(input, 'MessageDeduplicationId'), message),
    sequenceNumber: undefined,
    publishedAt: broker.now(),
  };
}
