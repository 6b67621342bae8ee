import { SQS_DLQ_RETENTION_SECONDS } from '../constants.js';
import type { Attributes } from '../interfaces/control-plane.interface.js';
import { filterPolicyOf } from './filter-policy.js';
import type { QueueSpec, SubscriptionSpec } from './topology.model.js';

/** High throughput FIFO (high-throughput-fifo): order and deduplication by group. */
const HIGH_THROUGHPUT_FIFO: Attributes = {
  FifoQueue: 'true',
  DeduplicationScope: 'messageGroup',
  FifoThroughputLimit: 'perMessageGroupId',
};

const forType = (fifo: boolean): Attributes => (fifo ? HIGH_THROUGHPUT_FIFO : {});

/** A queue that a publisher makes because its consumer has not started yet; the consumer completes it. */
export const bareQueueAttributes = (fifo: boolean): Attributes => ({ ...forType(fifo), SqsManagedSseEnabled: 'true' });

export function queueAttributes(spec: QueueSpec, deadLetterQueueArn: string): Attributes {
  return {
    ...bareQueueAttributes(spec.fifo),
    VisibilityTimeout: String(spec.visibilityTimeoutSeconds),
    RedrivePolicy: JSON.stringify({
      deadLetterTargetArn: deadLetterQueueArn,
      maxReceiveCount: spec.maxReceiveCount,
    }),
  };
}

export function deadLetterQueueAttributes(spec: QueueSpec): Attributes {
  return { ...bareQueueAttributes(spec.fifo), MessageRetentionPeriod: String(SQS_DLQ_RETENTION_SECONDS) };
}

export function redriveAllowPolicy(queueArn: string): Attributes {
  return { RedriveAllowPolicy: JSON.stringify({ redrivePermission: 'byQueue', sourceQueueArns: [queueArn] }) };
}

export function subscriptionAttributes({ types }: SubscriptionSpec): Attributes {
  return { RawMessageDelivery: 'true', FilterPolicyScope: 'MessageAttributes', FilterPolicy: filterPolicyOf(types) };
}
