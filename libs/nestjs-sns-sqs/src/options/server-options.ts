import { z } from 'zod';
import {
  INBOX_DEFAULT_GAP_TIMEOUT_MS,
  INBOX_DEFAULT_REMEMBER_FOR_SECONDS,
  SQS_DEFAULT_BACKOFF,
  SQS_DEFAULT_CONCURRENCY,
  SQS_DEFAULT_HANDLER_TIMEOUT_MS,
  SQS_DEFAULT_MAX_RECEIVE_COUNT,
  SQS_DEFAULT_RETENTION_SECONDS,
  SQS_DEFAULT_RETRY_LATER_FOR_SECONDS,
  SQS_DEFAULT_SHUTDOWN_TIMEOUT_MS,
  SQS_DEFAULT_START_TIMEOUT_MS,
  SQS_DEFAULT_UNKNOWN_TYPE_GRACE_SECONDS,
  SQS_DEFAULT_VISIBILITY_TIMEOUT_SECONDS,
  SQS_DEFAULT_WAIT_TIME_SECONDS,
  SQS_MAX_RECEIVE_COUNT,
  SQS_MAX_RETENTION_SECONDS,
  SQS_MAX_VISIBILITY_SECONDS,
  SQS_MAX_WAIT_TIME_SECONDS,
  SQS_MIN_RETENTION_SECONDS,
} from '../constants.js';
import type { InboxOptions, InboxQueueOptions } from '../interfaces/inbox-options.interface.js';
import type {
  BackoffOptions,
  ConsumerOptions,
  Provisioning,
  RetryOptions,
  ServerSQSOptions,
} from '../interfaces/options.interface.js';
import type { SteeringOptions } from '../interfaces/steering-options.interface.js';
import { isValidationRefusal } from '../errors/validation-refusal.js';
import { leanProblems } from '../wire/lean/lean-problems.js';
import { isFifoName } from '../topology/names.js';
import { checkOptions } from './check-options.js';
import { conflictingOptions, ignoredByTheSdk } from './conflicting-options.js';
import { defined } from './defined.js';
import { outlastingOptions } from './outlast-retention.js';
import {
  awsAccess,
  fn,
  nameWord,
  provisioning,
  shutdownTimeoutMs,
  telemetryShape,
  withMethods,
} from './shared-schemas.js';
import type { ShortName } from '../interfaces/names.interface.js';

type WithoutDefault = 'startAt' | 'inboxKey' | keyof SteeringOptions;

export type ResolvedConsumerOptions = Required<Omit<ConsumerOptions, 'backoff' | WithoutDefault>> &
  Pick<ConsumerOptions, WithoutDefault> & { backoff: Required<BackoffOptions> };

export type ResolvedInboxOptions = InboxOptions & Required<Pick<InboxOptions, 'rememberForSeconds' | 'onUnavailable'>>;

export interface ResolvedServerOptions extends Omit<ServerSQSOptions, 'inbox'> {
  prefix: string;
  provisioning: Provisioning;
  shutdownTimeoutMs: number;
  startTimeoutMs: number;
  inbox: ResolvedInboxOptions | false;
}

const backoff = z.strictObject({
  initialSeconds: z.number().min(0).max(SQS_MAX_VISIBILITY_SECONDS).optional(),
  factor: z.number().min(1).max(100).optional(),
  maxSeconds: z.number().min(0).max(SQS_MAX_VISIBILITY_SECONDS).optional(),
});

const isWholeNumber = (value: unknown): boolean =>
  (typeof value === 'bigint' || Number.isSafeInteger(value)) && (value as number | bigint) >= 0;

/** What handlers may ask for by their extras, too. */
export const inboxQueueShape = {
  ordering: z.enum(['none', 'latest', 'sequential']).optional(),
  gapTimeoutMs: z
    .number()
    .int()
    .min(1_000)
    .max(SQS_MAX_RETENTION_SECONDS * 1000)
    .optional(),
  onGapTimeout: z.enum(['proceed', 'dead-letter', 'wait']).optional(),
  startAt: z.custom<number | bigint>(isWholeNumber, 'expected a whole number from 0').optional(),
  onInvalidSequence: z.enum(['dead-letter', 'proceed']).optional(),
  inboxKey: fn.optional(),
};

const inbox = z.strictObject({
  store: withMethods('claim', 'renew', 'done', 'release', 'ping').optional(),
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
});

const circuitBreaker = z.strictObject({
  failures: z.number().gt(0).max(1),
  of: z.number().int().min(2).max(10_000),
  pauseSeconds: z.number().min(1).max(3_600),
  isFailure: fn.optional(),
});

const consumer = z.strictObject({
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
});

const server = z.strictObject({
  service: nameWord,
  ...awsAccess,
  ...retryShape,
  ...telemetryShape,
  provisioning,
  concurrency: z.number().int().min(1).max(100_000).optional(),
  consumer: consumer.optional(),
  queues: z
    .record(z.string(), consumer)
    .optional()
    .superRefine((queues, context) => {
      for (const [queue, { ordering = 'none' }] of Object.entries(queues ?? {})) {
        if (ordering === 'none' || !isFifoName(queue)) continue;
        context.addIssue({ code: 'custom', path: [queue, 'ordering'], message: FIFO_IS_IN_ORDER });
      }
    }),
  inbox: z.preprocess(value => (value === false ? undefined : value), inbox.optional()),
  shutdownTimeoutMs,
  startTimeoutMs: z.number().int().min(0).max(900_000).optional(),
  formerly: z.array(nameWord).optional(),
  replyAccounts: z.array(z.string().regex(/^\d{12}$/, "expected an account's 12 digits")).optional(),
  transportId: z.symbol().optional(),
  config: z
    .custom<object>(value => typeof value === 'object' && value !== null && !Array.isArray(value), 'expected an object')
    .optional(),
});

export const FIFO_IS_IN_ORDER = 'a FIFO queue keeps its order by itself';

/** Resolves the options once; throws one INVALID_OPTIONS with every problem. */
export function resolveServerOptions(options: ServerSQSOptions): ResolvedServerOptions {
  checkOptions('ServerSQS', server, options, problemsBeyondTheSchema);
  const { service, inbox: given = {} } = options;
  return {
    ...SERVER_DEFAULTS,
    ...defined(options),
    service,
    inbox: given && { ...INBOX_DEFAULTS, ...defined(given) },
  };
}

const problemsBeyondTheSchema = (given: ServerSQSOptions): string[] => [
  ...leanProblems(given, 'sqs'),
  ...outlastingOptions(given),
  ...conflictingOptions(given),
  ...ignoredByTheSdk(given),
];

const SERVER_DEFAULTS = {
  prefix: '',
  provisioning: 'create',
  shutdownTimeoutMs: SQS_DEFAULT_SHUTDOWN_TIMEOUT_MS,
  startTimeoutMs: SQS_DEFAULT_START_TIMEOUT_MS,
} as const;

const INBOX_DEFAULTS = { rememberForSeconds: INBOX_DEFAULT_REMEMBER_FOR_SECONDS, onUnavailable: 'wait' } as const;

const CONSUMER_DEFAULTS = {
  concurrency: SQS_DEFAULT_CONCURRENCY,
  visibilityTimeoutSeconds: SQS_DEFAULT_VISIBILITY_TIMEOUT_SECONDS,
  waitTimeSeconds: SQS_DEFAULT_WAIT_TIME_SECONDS,
  maxReceiveCount: SQS_DEFAULT_MAX_RECEIVE_COUNT,
  handlerTimeoutMs: SQS_DEFAULT_HANDLER_TIMEOUT_MS,
  retryLaterForSeconds: SQS_DEFAULT_RETRY_LATER_FOR_SECONDS,
  retentionSeconds: SQS_DEFAULT_RETENTION_SECONDS,
  unknownTypeGraceSeconds: SQS_DEFAULT_UNKNOWN_TYPE_GRACE_SECONDS,
  isPermanent: isValidationRefusal,
  onGroupFailure: 'block',
  inbox: true,
  gapTimeoutMs: INBOX_DEFAULT_GAP_TIMEOUT_MS,
  onGapTimeout: 'dead-letter',
  onInvalidSequence: 'dead-letter',
} as const;

/** Defaults never let a message wait longer than its queue keeps it. */
const waitsWithin = (seconds: number) => ({
  retryLaterForSeconds: Math.min(SQS_DEFAULT_RETRY_LATER_FOR_SECONDS, seconds),
  unknownTypeGraceSeconds: Math.min(SQS_DEFAULT_UNKNOWN_TYPE_GRACE_SECONDS, seconds),
  gapTimeoutMs: Math.min(INBOX_DEFAULT_GAP_TIMEOUT_MS, seconds * 1000),
});

/**
 * What holds for one queue (its name without prefix): its own settings, then its handlers' extras, then `consumer`,
 * then what the server says for all, then the defaults. A FIFO queue has an order of its own.
 */
export function consumerSettings(
  server: Pick<ServerSQSOptions, 'consumer' | 'queues' | keyof RetryOptions>,
  queue: ShortName,
  extras: InboxQueueOptions = {},
): ResolvedConsumerOptions {
  const {
    consumer: defaults,
    queues,
    retryLaterForSeconds,
    unknownTypeGraceSeconds,
    isPermanent,
    retentionSeconds,
  } = server;
  const own = queues?.[queue];
  const keptFor = own?.retentionSeconds ?? defaults?.retentionSeconds ?? retentionSeconds ?? Infinity;
  const given = {
    ...CONSUMER_DEFAULTS,
    ...waitsWithin(keptFor),
    ...defined({ retryLaterForSeconds, unknownTypeGraceSeconds, isPermanent, retentionSeconds }),
    ...defined(defaults),
    ...defined(extras),
    ...defined(own),
  };
  const ordering = isFifoName(queue) ? 'none' : (given.ordering ?? 'none');
  return {
    ...given,
    ordering,
    laneBy: given.laneBy ?? (ordering === 'none' ? 'none' : 'subject'),
    backoff: { ...SQS_DEFAULT_BACKOFF, ...defined(defaults?.backoff), ...defined(own?.backoff) },
  };
}
