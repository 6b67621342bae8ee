import type { Attributes } from './control-plane.interface.js';

/** The calls to SQS that a reply queue's life takes. Each rejects with what the AWS client threw. */
export interface ReplyQueuePlane {
  /** Resolves to the new queue's URL. */
  create(name: string, attributes: Attributes, tags: Record<string, string>): Promise<string>;
  tag(queueUrl: string, tags: Record<string, string>): Promise<void>;
  delete(queueUrl: string, signal: AbortSignal): Promise<void>;
}
