import {
  SQS_MAX_RECEIVE_COUNT,
  SQS_MAX_RETENTION_SECONDS,
  SQS_MAX_VISIBILITY_SECONDS,
  SQS_MAX_WAIT_TIME_SECONDS,
  SQS_MIN_RETENTION_SECONDS,
} from '../constants.js';
import type { ServerSQSOptions } from '../interfaces/options.interface.js';
import type { TopologyOptions } from '../interfaces/topology-options.interface.js';
import { isFifoName } from '../topology/names.js';
import { z } from './schema.js';
import {
  awsAccess,
  fn,
  nameWord,
  provisioning,
  shutdownTimeoutMs,
  telemetryShape,
  isInboxStore,
  inboxStore,
} from './shared-schemas.js';

export const FIFO_IS_IN_ORDER = 'a FIFO queue keeps its order by itself';

const backoff = z.strictObject({
  initialSeconds: z.number().min(0).max(SQS_MAX_VISIBILITY_SECONDS).optional(),
  factor: z.number().min(1).max(100).optional(),
  maxSeconds: z.number().min(0).max(SQS_MAX_VISIBILITY_SECONDS).optional(),
});

const isWholeNumber = (value: unknown): boolean =>
  (typeof value === 'bigint' || Number.isSafeInteger(value)) && (value as number | bigint) >= 0;

const inboxQueueShape = {
  ordering: z.enum(['none', 'latest', 'sequential']).optional(),
  gapTimeoutMs: z
    .number()
    .int()
    .min(1_000)
    .max(SQS_MAX_RETENTION_SECONDS * 1000)
    .optional(),
  onGapTimeout: z.enum(['proceed', 'dead-letter', 'wait']).optional(),
  startAt: z.custom(isWholeNumber, 'expected a whole number from 0').optional(),
  onInvalidSequence: z.enum(['dead-letter', 'proceed']).optional(),
  inboxKey: fn.optional(),
};

const inbox = z.strictObject({
  store: inboxStore.optional(),
  rememberForSeconds: z.number().int().min(1).max(31_536_000).optional(),
  rememberPositionsForSeconds: z.number().int().min(60).max(315_360_000).optional(),
  onUnavailable: z.enum(['wait', 'proceed']).optional(),
});

const upTo14Days = z.number().int().min(0).max(SQS_MAX_RETENTION_SECONDS).optional();

/** What may stand on the server, as the default of every queue, and on a queue. */
const retryShape = {
  retryLaterForSeconds: upTo14Days,
  retentionSeconds: z.number().int().min(SQS_MIN_RETENTION_SECONDS).max(SQS_MAX_RETENTION_SECONDS).optional(),
  unknownTypeGraceSeconds: upTo14Days,
  isPermanent: fn.optional(),
};

const rateLimit = z.strictObject({
  messages: z.number().int().min(1).max(1_000_000),
  perSeconds: z.number().min(0.1).max(86_400),
  shared: z.boolean().optional(),
  key: fn.optional(),
});

const circuitBreaker = z.strictObject({
  failures: z.number().gt(0).max(1),
  of: z.number().int().min(2).max(10_000),
  pauseSeconds: z.number().min(1).max(3_600),
  isFailure: fn.optional(),
});

const consumerShape = {
  ...inboxQueueShape,
  ...retryShape,
  inbox: z.boolean().optional(),
  concurrency: z.number().int().min(1).max(10_000).optional(),
  visibilityTimeoutSeconds: z.number().int().min(1).max(SQS_MAX_VISIBILITY_SECONDS).optional(),
  waitTimeSeconds: z.number().int().min(0).max(SQS_MAX_WAIT_TIME_SECONDS).optional(),
  maxReceiveCount: z.number().int().min(1).max(SQS_MAX_RECEIVE_COUNT).optional(),
  handlerTimeoutMs: z
    .number()
    .int()
    .min(1)
    .max(SQS_MAX_VISIBILITY_SECONDS * 1000)
    .optional(),
  backoff: backoff.optional(),
  onGroupFailure: z.enum(['block', 'skip']).optional(),
  laneBy: z.enum(['none', 'subject']).optional(),
  rateLimit: rateLimit.optional(),
  circuitBreaker: circuitBreaker.optional(),
  weight: z.number().int().min(1).max(100).optional(),
};

const consumer = z.strictObject(consumerShape);

const batch = z.strictObject({
  size: z.number().int().min(1).max(10_000),
  windowMs: z.number().min(0).max(900_000),
  items: fn.optional(),
});

/** The options that may stand in a handler's decorator. */
export const handlerShape = { ...consumerShape, batch: batch.optional() };

/** The library writes tags too, and a queue has at most 50. */
const MAX_TAGS = 10;
const OWN_TAG = /^(aws|nestjs-sns-sqs):/i;

function problemOfTags(tags: Readonly<Record<string, string>>): string | undefined {
  const keys = Object.keys(tags);
  if (keys.length > MAX_TAGS) return `expected at most ${MAX_TAGS} tags`;
  const own = keys.find(key => OWN_TAG.test(key));
  return own === undefined ? undefined : `${own} is a key of AWS's or this library's own`;
}

const topology = z
  .strictObject({
    tags: z
      .record(z.string().max(256))
      .refine((tags: Readonly<Record<string, string>>) => {
        const message = problemOfTags(tags);
        return message === undefined ? [] : [{ path: [], message }];
      })
      .optional(),
    kmsKeyId: z
      .string()
      .min(1)
      .regex(/^(?!.*alias\/aws\/)/, 'SNS cannot use a key of AWS itself, so events would be lost: give a customer key')
      .optional(),
    kmsDataKeyReusePeriodSeconds: z.number().int().min(60).max(86_400).optional(),
    subscriptionDeadLetterQueues: z.boolean().optional(),
  })
  .refine(({ kmsKeyId, kmsDataKeyReusePeriodSeconds }: TopologyOptions) =>
    kmsKeyId === undefined && kmsDataKeyReusePeriodSeconds !== undefined
      ? [{ path: ['kmsDataKeyReusePeriodSeconds'], message: 'it needs `kmsKeyId`' }]
      : [],
  );

/** `ServerSQSOptions`. */
export const serverSchema = z.strictObject({
  service: nameWord,
  ...awsAccess,
  ...retryShape,
  ...telemetryShape,
  provisioning,
  concurrency: z.number().int().min(1).max(100_000).optional(),
  sharedPauses: z.boolean().optional(),
  consumer: consumer.optional(),
  queues: z
    .record(consumer)
    .refine((queues: NonNullable<ServerSQSOptions['queues']>) =>
      Object.entries(queues).flatMap(([queue, { ordering = 'none' }]) =>
        ordering === 'none' || !isFifoName(queue) ? [] : [{ path: [queue, 'ordering'], message: FIFO_IS_IN_ORDER }],
      ),
    )
    .optional(),
  inbox: z.refusing(
    isInboxStore,
    'expected an object with options, received a store: write `inbox: { store }`',
    z.prepared(value => (value === false ? undefined : value), inbox.optional()),
  ),
  shutdownTimeoutMs,
  startTimeoutMs: z.number().int().min(0).max(900_000).optional(),
  topology: topology.optional(),
  formerly: z.array(nameWord).optional(),
  replyAccounts: z.array(z.string().regex(/^\d{12}$/, "expected an account's 12 digits")).optional(),
  transportId: z.symbol().optional(),
  config: z
    .custom(value => typeof value === 'object' && value !== null && !Array.isArray(value), 'expected an object')
    .optional(),
});
