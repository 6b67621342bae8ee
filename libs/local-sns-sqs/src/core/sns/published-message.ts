import type { NewMessage } from '../message.js';

/** A message that a topic has accepted, for its subscriptions. */
export interface Published {
  id: string;
  /** The text for SQS subscribers: the message, or its `sqs` part when it was published with MessageStructure `json`. */
  text: string;
  subject: string | undefined;
  attributes: NewMessage['attributes'];
  bytes: number;
  groupId: string | undefined;
  deduplicationId: string | undefined;
  sequenceNumber: string | undefined;
  publishedAt: number;
}
