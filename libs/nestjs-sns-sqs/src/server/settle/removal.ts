import type { Traced } from '../../interfaces/wire.interface.js';
import type { Delivery } from '../delivery.js';

/** What SQS gives one receive of a message. */
export interface Leased extends Traced {
  receiptHandle: string;
}

/** A message that was handled. Keeps little of a message: it may be large, and many wait for their deletes. */
export interface Removal extends Leased {
  messageId: string;
  receivedAt: number;
  /** How often SQS has handed it out, as SQS wrote it. */
  receives: string | undefined;
}

export const removalOf = ({ receiptHandle, messageId, trace, receivedAt, message }: Delivery): Removal => ({
  receiptHandle,
  messageId,
  origin: trace,
  receivedAt,
  receives: message.Attributes?.['ApproximateReceiveCount'],
});
