import { SQS_DLQ_RETENTION_SECONDS, SQS_MAX_BYTES, SQS_MAX_RECEIVE_COUNT } from '../constants.js';
import type { Attributes } from '../interfaces/control-plane.interface.js';
import type { QueueArn } from '../interfaces/names.interface.js';
import { sameJson } from './canonical-json.js';
import { letsThrough, uniteFilters } from './filter-union.js';
import { allowsRedrive, uniteRedriveAllowPolicies } from './redrive-allow-policy.js';
import { filterPolicyOf } from './filter-policy.js';
import type { QueueSpec, SubscriptionSpec } from './topology.model.js';

/**
 * What provisioning knows of one attribute. Two versions of a service may run at one time, so each asks for at least
 * what it needs: what is found stays where it is enough, and is never lowered.
 */
export interface AttributeRule {
  /** Follows from the name and cannot be changed. */
  fixed?: true;
  /** What AWS means when it leaves the attribute out. */
  absent?: string;
  /** Whether `found` is enough. @default both mean the same */
  isAtLeast?: (found: string, wanted: string, all: Attributes) => boolean;
  /** What to set so that what was found is kept. @default `wanted` */
  merge?: (found: string, wanted: string, all: Attributes) => string;
  /** On a queue that the service takes from. */
  ofQueue?: (spec: QueueSpec, deadLetterQueueArn: string) => string | undefined;
  ofDeadLetterQueue?: (spec: QueueSpec) => string | undefined;
  /** On every queue, also on one that a publisher makes before its consumer has started. */
  ofEach?: (fifo: boolean) => string | undefined;
}

const onFifo =
  (value: string) =>
  (fifo: boolean): string | undefined =>
    fifo ? value : undefined;

const asText = (value: number | undefined): string | undefined => (value === undefined ? undefined : String(value));
const asNumber = (text: string): number => Number(text);
/** The larger number is enough for both versions. */
const LARGER = {
  isAtLeast: (found: string, wanted: string): boolean => asNumber(found) >= asNumber(wanted),
} as const;

interface Redrive {
  deadLetterTargetArn?: string;
  maxReceiveCount?: number | string;
}

const redrive = (text: string): Redrive => {
  try {
    return (JSON.parse(text) ?? {}) as Redrive;
  } catch {
    return {};
  }
};

/** A subscription's has no count: SNS gives up by rules of its own. */
const isOfSubscription = (policy: string): boolean => redrive(policy).maxReceiveCount === undefined;

const maxReceiveCountOf = (...policies: string[]): number =>
  Math.max(...policies.map(policy => Number(redrive(policy).maxReceiveCount ?? 0)));

export const ATTRIBUTE_RULES: Readonly<Record<string, AttributeRule>> = {
  FifoQueue: { fixed: true, ofEach: onFifo('true') },
  // High throughput FIFO (high-throughput-fifo): order and deduplication by group.
  DeduplicationScope: { ofEach: onFifo('messageGroup') },
  FifoThroughputLimit: { ofEach: onFifo('perMessageGroupId') },
  SqsManagedSseEnabled: {
    ofEach: () => 'true',
    // A key of the team's own in KMS is better than what we ask for.
    isAtLeast: (found, wanted, all) => Boolean(all['KmsMasterKeyId']) || found === wanted,
  },
  // A team's own key is as good as the one that is asked for. A key of AWS is not: SNS cannot use it.
  KmsMasterKeyId: {
    isAtLeast: found => found !== '' && !found.includes('alias/aws/'),
    ofQueue: spec => spec.kmsKeyId,
    ofDeadLetterQueue: spec => spec.kmsKeyId,
  },
  KmsDataKeyReusePeriodSeconds: {
    ...LARGER,
    ofQueue: spec => asText(spec.kmsDataKeyReusePeriodSeconds),
    ofDeadLetterQueue: spec => asText(spec.kmsDataKeyReusePeriodSeconds),
  },
  VisibilityTimeout: { ...LARGER, ofQueue: spec => String(spec.visibilityTimeoutSeconds) },
  MessageRetentionPeriod: {
    ...LARGER,
    ofQueue: spec => String(spec.retentionSeconds),
    ofDeadLetterQueue: () => String(SQS_DLQ_RETENTION_SECONDS),
  },
  // A copy in the dead letter queue is as large as its message.
  MaximumMessageSize: {
    ...LARGER,
    ofQueue: () => String(SQS_MAX_BYTES),
    ofDeadLetterQueue: () => String(SQS_MAX_BYTES),
  },
  // The consumer dead-letters by attempts itself; a receive is none (docs/adr/0007). SQS's own count is the last net.
  RedrivePolicy: {
    ofQueue: (_, deadLetterTargetArn) =>
      JSON.stringify({ deadLetterTargetArn, maxReceiveCount: SQS_MAX_RECEIVE_COUNT }),
    isAtLeast: (found, wanted) => {
      const { deadLetterTargetArn } = redrive(found);
      // A subscription may have a dead letter queue of the team's own.
      if (isOfSubscription(wanted)) return Boolean(deadLetterTargetArn);
      return (
        deadLetterTargetArn === redrive(wanted).deadLetterTargetArn &&
        maxReceiveCountOf(found) >= maxReceiveCountOf(wanted)
      );
    },
    merge: (found, wanted) =>
      isOfSubscription(wanted)
        ? wanted
        : JSON.stringify({ ...redrive(wanted), maxReceiveCount: maxReceiveCountOf(found, wanted) }),
  },
  // Without one AWS lets every queue in. One that only names ours would shut out the other queues of a shared one.
  RedriveAllowPolicy: {
    absent: JSON.stringify({ redrivePermission: 'allowAll' }),
    isAtLeast: allowsRedrive,
    merge: uniteRedriveAllowPolicies,
  },
  RawMessageDelivery: { absent: 'false' },
  FilterPolicyScope: {
    absent: 'MessageAttributes',
    // Without a filter its scope decides nothing.
    isAtLeast: (found, wanted, all) => found === wanted || sameJson(all['FilterPolicy'] ?? '{}', '{}'),
  },
  FilterPolicy: { absent: '{}', isAtLeast: letsThrough, merge: uniteFilters },
};

const given = (of: (rule: AttributeRule) => string | undefined): Attributes =>
  Object.fromEntries(
    Object.entries(ATTRIBUTE_RULES).flatMap(([attribute, rule]) => {
      const value = of(rule);
      return value === undefined ? [] : [[attribute, value]];
    }),
  );

/** A queue that a publisher makes because its consumer has not started yet; the consumer completes it. */
export const bareQueueAttributes = (fifo: boolean): Attributes => given(({ ofEach }) => ofEach?.(fifo));

export const queueAttributes = (spec: QueueSpec, deadLetterQueueArn: string): Attributes =>
  encrypted(
    spec,
    given(({ ofEach, ofQueue }) => ofEach?.(spec.fifo) ?? ofQueue?.(spec, deadLetterQueueArn)),
  );

export const deadLetterQueueAttributes = (spec: QueueSpec): Attributes =>
  encrypted(
    spec,
    given(({ ofEach, ofDeadLetterQueue }) => ofEach?.(spec.fifo) ?? ofDeadLetterQueue?.(spec)),
  );

/** SQS has one kind of encryption at a time. */
const encrypted = ({ kmsKeyId }: QueueSpec, attributes: Attributes): Attributes =>
  kmsKeyId === undefined ? attributes : { ...attributes, SqsManagedSseEnabled: 'false' };

/**
 * The filter before its scope: a filter on the body need not be one on attributes.
 * @param lettersArn where SNS puts what it cannot deliver; undefined: it is asked for nothing
 */
export const subscriptionAttributes = (
  { types }: Pick<SubscriptionSpec, 'types'>,
  lettersArn?: QueueArn,
): Attributes => ({
  RawMessageDelivery: 'true',
  FilterPolicy: filterPolicyOf(types),
  FilterPolicyScope: 'MessageAttributes',
  ...(lettersArn !== undefined && { RedrivePolicy: subscriptionRedrivePolicy(lettersArn) }),
});

const subscriptionRedrivePolicy = (deadLetterTargetArn: QueueArn): string => JSON.stringify({ deadLetterTargetArn });

/** Whether SNS puts what it cannot deliver into this queue, by a subscription's attributes. */
export const putsLettersInto = ({ RedrivePolicy = '' }: Attributes, lettersArn: QueueArn): boolean =>
  redrive(RedrivePolicy).deadLetterTargetArn === lettersArn;
