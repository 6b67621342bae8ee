import { createHash } from 'node:crypto';
import type { Broker } from '../broker.js';
import { AwsError, invalidMessageContents } from '../errors.js';
import { type Input, isRecord, optionalRecord, optionalString } from '../input.js';
import { FORBIDDEN_CHARACTERS, readMessageAttributes, toMessageAttributes } from '../message-attributes.js';
import type { NewMessage } from '../message.js';
import { inSnsWords, invalidParameter } from './errors.js';
import type { Published } from './published-message.js';
import type { Topic } from './topic.js';

const GROUP_OR_DEDUPLICATION_ID = /^[A-Za-z0-9!-/:-@[-`{-~]{1,128}$/;
const MAX_SUBJECT_CHARACTERS = 100;
const LINE_BREAK_OR_CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u;

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
  const sound = subject.length >= 1 && subject.length <= MAX_SUBJECT_CHARACTERS && !LINE_BREAK_OR_CONTROL.test(subject);
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

function requireContentDeduplication(topic: Topic): void {
  if (topic.attributes.get('ContentBasedDeduplication') === 'true') return;
  throw invalidParameter(
    'The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
  );
}

function requireGroup(topic: Topic, groupId: string | undefined): void {
  if (!topic.fifo || groupId !== undefined) return;
  throw invalidParameter('The MessageGroupId parameter is required for FIFO topics');
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
  requireContentDeduplication(topic);
  return createHash('sha256').update(message).digest('hex');
}

/** SNS finds a type that is missing before it looks at anything else (recorded). */
function readAttributes(input: Input): NewMessage['attributes'] {
  for (const [name, value] of Object.entries(optionalRecord(input, 'MessageAttributes') ?? {})) {
    if (isRecord(value) && value['DataType'] !== undefined && value['DataType'] !== null) continue;
    throw new AwsError(
      'ValidationError',
      `1 validation error detected: Value null at 'messageAttributes.${name}.member.dataType' failed to satisfy constraint: Member must not be null`,
    );
  }
  return toMessageAttributes(inSnsWords(() => readMessageAttributes(input, 'MessageAttributes')));
}

/**
 * Bytes of a message of a batch, as SNS counts them. Throws for what has SNS refuse the whole batch (recorded): an
 * attribute, a missing group or deduplication id, a structure without a default.
 */
export function readSize(topic: Topic, input: Input): number {
  const attributes = readAttributes(input);
  requireGroup(topic, optionalString(input, 'MessageGroupId'));
  if (topic.fifo && optionalString(input, 'MessageDeduplicationId') === undefined) requireContentDeduplication(topic);
  const structure = optionalString(input, 'MessageStructure');
  if (structure) textForSqs(optionalString(input, 'Message') ?? '', structure);
  return Buffer.byteLength(optionalString(input, 'Message') ?? '') + (attributes?.bytes ?? 0);
}

/** Reads and checks one message for a topic. */
export function readPublished(broker: Broker, topic: Topic, input: Input): Published {
  const message = optionalString(input, 'Message');
  if (!message) throw invalidParameter('Empty message');
  if (FORBIDDEN_CHARACTERS.test(message)) throw invalidParameter(invalidMessageContents().message);
  const attributes = readAttributes(input);
  const bytes = Buffer.byteLength(message) + (attributes?.bytes ?? 0);
  if (bytes > topic.maximumMessageSize) throw invalidParameter('Message too long');
  const groupId = checkedId(input, 'MessageGroupId');
  requireGroup(topic, groupId);
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
