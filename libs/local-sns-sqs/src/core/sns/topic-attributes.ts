import { isRecord } from '../input.js';
import { parsePolicy } from '../policy/policy.js';
import { lowerBoolean } from '../queue/queue-attributes.js';
import { readArchivePolicy } from './archive.js';
import { invalidParameter } from './errors.js';

const BOOLEANS: ReadonlySet<string> = new Set(['ContentBasedDeduplication', 'FifoTopic']);
const FIFO_ONLY: ReadonlySet<string> = new Set(['ArchivePolicy', 'ContentBasedDeduplication', 'FifoThroughputScope']);
const KNOWN =
  /^(ArchivePolicy|ContentBasedDeduplication|DataProtectionPolicy|DeliveryPolicy|DisplayName|FifoThroughputScope|FifoTopic|KmsMasterKeyId|MaximumMessageSize|Policy|SignatureVersion|TracingConfig|(Application|Firehose|HTTP|Lambda|SQS)(SuccessFeedbackRoleArn|SuccessFeedbackSampleRate|FailureFeedbackRoleArn))$/;

/** A value as the topic keeps and shows it: `True` and `False` in lower case (recorded). */
export const settledTopicAttribute = (name: string, value: string): string =>
  BOOLEANS.has(name) ? lowerBoolean(value) : value;

const DEFAULT_MESSAGE_BYTES = 262_144;
const MAX_SUBSCRIPTIONS_OF_LARGE = 100;

const isJsonObject = (text: string): boolean => {
  try {
    return isRecord(JSON.parse(text));
  } catch {
    return false;
  }
};

/** Refuses names and values that SNS refuses. */
export function checkTopicAttribute(name: string, value: string, fifo: boolean): void {
  if (!KNOWN.test(name)) throw invalidParameter('AttributeName');
  if (FIFO_ONLY.has(name) && !fifo) throw invalidParameter(`Attributes Reason: ${name} is only for FIFO topics`);
  const refuse = (): Error => invalidParameter(`Attributes Reason: Invalid value [${value}] for ${name}`);
  if (BOOLEANS.has(name) && value !== 'true' && value !== 'false') throw refuse();
  if (name === 'ArchivePolicy' && value !== '' && readArchivePolicy(value) === undefined) throw refuse();
  if (name === 'FifoThroughputScope' && value !== 'Topic' && value !== 'MessageGroup') throw refuse();
  if (name === 'SignatureVersion' && value !== '1' && value !== '2') throw refuse();
  if (name === 'DisplayName' && value.length > 100) throw refuse();
  if (name === 'DeliveryPolicy' && value !== '' && !isJsonObject(value)) throw refuse();
  if (name === 'Policy' && value !== '' && !parsePolicy(value))
    throw invalidParameter('Policy Error: invalid policy document');
  if (name === 'TracingConfig' && (fifo || !/^(PassThrough|Active)$/.test(value))) throw refuse();
  if (name === 'MaximumMessageSize') {
    const bytes = /^\d{1,7}$/.test(value) ? Number(value) : 0;
    if (bytes < 1024 || bytes > 1_048_576) throw refuse();
  }
}

/** Topics for messages above 256 KiB have few subscriptions (large-message-payloads). */
export function checkSubscriptionsOfLargeTopic(maximumMessageSize: number, subscriptions: number): void {
  if (maximumMessageSize > DEFAULT_MESSAGE_BYTES && subscriptions > MAX_SUBSCRIPTIONS_OF_LARGE) {
    throw invalidParameter(
      `MaximumMessageSize Reason: a topic above ${DEFAULT_MESSAGE_BYTES} bytes has at most ${MAX_SUBSCRIPTIONS_OF_LARGE} subscriptions`,
    );
  }
}
