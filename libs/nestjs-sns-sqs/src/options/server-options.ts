import {
  INBOX_DEFAULT_GAP_TIMEOUT_MS,
  INBOX_DEFAULT_REMEMBER_FOR_SECONDS,
  SQS_DEFAULT_BACKOFF,
  SQS_DEFAULT_BATCHES,
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
} from '../constants.js';
import { isValidationRefusal } from '../errors/validation-refusal.js';
import type { BatchOptions, HandlerOptions } from '../interfaces/handler-options.interface.js';
import type { InboxOptions } from '../interfaces/inbox-options.interface.js';
import type { ShortName } from '../interfaces/names.interface.js';
import type {
  BackoffOptions,
  ConsumerOptions,
  Provisioning,
  RetryOptions,
  ServerSQSOptions,
} from '../interfaces/options.interface.js';
import type { SteeringOptions } from '../interfaces/steering-options.interface.js';
import { isFifoName } from '../topology/names.js';
import { leanProblems } from '../wire/lean/lean-problems.js';
import { checkOptions } from './check-options.js';
import { conflictingOptions, ignoredByTheSdk } from './conflicting-options.js';
import { defined } from './defined.js';
import { outlastingOptions } from './outlast-retention.js';
import { serverSchema } from './server-schema.js';

type WithoutDefault = 'startAt' | 'inboxKey' | Exclude<keyof SteeringOptions, 'weight'>;

export type ResolvedConsumerOptions = Required<Omit<ConsumerOptions, 'backoff' | WithoutDefault>> &
  Pick<ConsumerOptions, WithoutDefault> & {
    backoff: Required<BackoffOptions>;
    /** Undefined: the handlers are called for each message. */
    batch?: BatchOptions | undefined;
  };

export type ResolvedInboxOptions = InboxOptions & Required<Pick<InboxOptions, 'rememberForSeconds' | 'onUnavailable'>>;

export interface ResolvedServerOptions extends Omit<ServerSQSOptions, 'inbox'> {
  prefix: string;
  provisioning: Provisioning;
  shutdownTimeoutMs: number;
  startTimeoutMs: number;
  inbox: ResolvedInboxOptions | false;
}

/** Resolves the options once; throws one INVALID_OPTIONS with every problem. */
export function resolveServerOptions(options: ServerSQSOptions): ResolvedServerOptions {
  checkOptions('ServerSQS', serverSchema, options, problemsBeyondTheSchema);
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
  weight: 1,
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
 * What holds for one queue (its name without prefix): its handlers' decorators, then `queues`, then `consumer`, then
 * what the server says for all, then the defaults. A FIFO queue has an order of its own.
 */
export function consumerSettings(
  server: Pick<ServerSQSOptions, 'consumer' | 'queues' | keyof RetryOptions>,
  queue: ShortName,
  extras: HandlerOptions = {},
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
  const keptFor =
    extras.retentionSeconds ?? own?.retentionSeconds ?? defaults?.retentionSeconds ?? retentionSeconds ?? Infinity;
  const given = {
    ...CONSUMER_DEFAULTS,
    ...waitsWithin(keptFor),
    ...defined({ retryLaterForSeconds, unknownTypeGraceSeconds, isPermanent, retentionSeconds }),
    ...defined(defaults),
    ...defined(own),
    ...defined(extras),
  };
  const ordering = isFifoName(queue) ? 'none' : (given.ordering ?? 'none');
  return {
    ...given,
    concurrency: extras.batch ? (extras.concurrency ?? own?.concurrency ?? SQS_DEFAULT_BATCHES) : given.concurrency,
    ordering,
    laneBy: given.laneBy ?? (ordering === 'none' ? 'none' : 'subject'),
    backoff: {
      ...SQS_DEFAULT_BACKOFF,
      ...defined(defaults?.backoff),
      ...defined(own?.backoff),
      ...defined(extras.backoff),
    },
  };
}
