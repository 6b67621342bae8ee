import { z } from 'zod';
import {
  INBOX_DEFAULT_GAP_TIMEOUT_MS,
  INBOX_DEFAULT_REMEMBER_FOR_SECONDS,
  SQS_DEFAULT_BACKOFF,
  SQS_DEFAULT_CONCURRENCY,
  SQS_DEFAULT_HANDLER_TIMEOUT_MS,
  SQS_DEFAULT_MAX_RECEIVE_COUNT,
  SQS_DEFAULT_RETENTION_SECONDS,
  SQS_DEFAULT_SHUTDOWN_TIMEOUT_MS,
  SQS_DEFAULT_START_TIMEOUT_MS,
  SQS_DEFAULT_VISIBILITY_TIMEOUT_SECONDS,
  SQS_DEFAULT_WAIT_TIME_SECONDS,
  SQS_MAX_RETENTION_SECONDS,
  SQS_MAX_VISIBILITY_SECONDS,
} from '../constants.js';
import type {
  BackoffOptions,
  ConsumerOptions,
  InboxOptions,
  InboxQueueOptions,
  Provisioning,
  ServerSQSOptions,
} from '../interfaces/options.interface.js';
import { leanProblems } from '../wire/lean/lean-problems.js';
import { isFifoName } from '../topology/names.js';
import { checkOptions } from './check-options.js';
import { awsAccess, fn, nameWord, provisioning, shutdownTimeoutMs, withMethods } from './shared-schemas.js';

type WithoutDefault = 'startAt' | 'inboxKey';

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
  gapTimeoutMs: z.number().int().min(1_000).max(1_209_600_000).optional(),
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

const consumer = z.strictObject({
  ...inboxQueueShape,
  inbox: z.boolean().optional(),
  concurrency: z.number().int().min(1).max(10_000).optional(),
  visibilityTimeoutSeconds: z.number().int().min(1).max(SQS_MAX_VISIBILITY_SECONDS).optional(),
  waitTimeSeconds: z.number().int().min(0).max(20).optional(),
  maxReceiveCount: z.number().int().min(1).max(1_000).optional(),
  retentionSeconds: z.number().int().min(60).max(SQS_MAX_RETENTION_SECONDS).optional(),
  handlerTimeoutMs: z
    .number()
    .int()
    .min(1)
    .max(SQS_MAX_VISIBILITY_SECONDS * 1000)
    .optional(),
  backoff: backoff.optional(),
  onGroupFailure: z.enum(['block', 'skip']).optional(),
  laneBy: z.enum(['none', 'subject']).optional(),
});

const server = z.strictObject({
  service: nameWord,
  ...awsAccess,
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
});

export const FIFO_IS_IN_ORDER = 'a FIFO queue keeps its order by itself';

/** Resolves the options once; throws one INVALID_OPTIONS with every problem. */
export function resolveServerOptions(options: ServerSQSOptions): ResolvedServerOptions {
  checkOptions('ServerSQS', server, options, given => leanProblems(given, 'sqs'));
  return {
    ...options,
    prefix: options.prefix ?? '',
    provisioning: options.provisioning ?? 'create',
    shutdownTimeoutMs: options.shutdownTimeoutMs ?? SQS_DEFAULT_SHUTDOWN_TIMEOUT_MS,
    startTimeoutMs: options.startTimeoutMs ?? SQS_DEFAULT_START_TIMEOUT_MS,
    inbox: inboxSettings(options.inbox),
  };
}

const inboxSettings = (given: ServerSQSOptions['inbox'] = {}): ResolvedInboxOptions | false =>
  given && {
    ...given,
    rememberForSeconds: given.rememberForSeconds ?? INBOX_DEFAULT_REMEMBER_FOR_SECONDS,
    onUnavailable: given.onUnavailable ?? 'wait',
  };

/**
 * What holds for one queue (its name without prefix): its own settings, then its handlers' extras, then `consumer`,
 * then the defaults. A FIFO queue has an order of its own.
 */
export function consumerSettings(
  { consumer: defaults, queues }: Pick<ServerSQSOptions, 'consumer' | 'queues'>,
  queue: string,
  extras: InboxQueueOptions = {},
): ResolvedConsumerOptions {
  const own = queues?.[queue];
  const wanted: InboxQueueOptions = { ...defined(defaults), ...defined(extras), ...defined(own) };
  const ordering = isFifoName(queue) ? 'none' : (wanted.ordering ?? 'none');
  return {
    concurrency: own?.concurrency ?? defaults?.concurrency ?? SQS_DEFAULT_CONCURRENCY,
    visibilityTimeoutSeconds:
      own?.visibilityTimeoutSeconds ?? defaults?.visibilityTimeoutSeconds ?? SQS_DEFAULT_VISIBILITY_TIMEOUT_SECONDS,
    waitTimeSeconds: own?.waitTimeSeconds ?? defaults?.waitTimeSeconds ?? SQS_DEFAULT_WAIT_TIME_SECONDS,
    maxReceiveCount: own?.maxReceiveCount ?? defaults?.maxReceiveCount ?? SQS_DEFAULT_MAX_RECEIVE_COUNT,
    retentionSeconds: own?.retentionSeconds ?? defaults?.retentionSeconds ?? SQS_DEFAULT_RETENTION_SECONDS,
    handlerTimeoutMs: own?.handlerTimeoutMs ?? defaults?.handlerTimeoutMs ?? SQS_DEFAULT_HANDLER_TIMEOUT_MS,
    onGroupFailure: own?.onGroupFailure ?? defaults?.onGroupFailure ?? 'block',
    laneBy: own?.laneBy ?? defaults?.laneBy ?? (ordering === 'none' ? 'none' : 'subject'),
    inbox: own?.inbox ?? defaults?.inbox ?? true,
    ordering,
    gapTimeoutMs: wanted.gapTimeoutMs ?? INBOX_DEFAULT_GAP_TIMEOUT_MS,
    onGapTimeout: wanted.onGapTimeout ?? 'dead-letter',
    onInvalidSequence: wanted.onInvalidSequence ?? 'dead-letter',
    ...(wanted.startAt !== undefined && { startAt: wanted.startAt }),
    ...(wanted.inboxKey && { inboxKey: wanted.inboxKey }),
    backoff: {
      initialSeconds:
        own?.backoff?.initialSeconds ?? defaults?.backoff?.initialSeconds ?? SQS_DEFAULT_BACKOFF.initialSeconds,
      factor: own?.backoff?.factor ?? defaults?.backoff?.factor ?? SQS_DEFAULT_BACKOFF.factor,
      maxSeconds: own?.backoff?.maxSeconds ?? defaults?.backoff?.maxSeconds ?? SQS_DEFAULT_BACKOFF.maxSeconds,
    },
  };
}

/** An option that is given as undefined is not given. */
const defined = (options: InboxQueueOptions | undefined): InboxQueueOptions =>
  Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined));
