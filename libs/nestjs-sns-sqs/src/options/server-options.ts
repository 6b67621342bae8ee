import { z } from 'zod';
import {
  SQS_DEFAULT_BACKOFF,
  SQS_DEFAULT_CONCURRENCY,
  SQS_DEFAULT_HANDLER_TIMEOUT_MS,
  SQS_DEFAULT_MAX_RECEIVE_COUNT,
  SQS_DEFAULT_SHUTDOWN_TIMEOUT_MS,
  SQS_DEFAULT_VISIBILITY_TIMEOUT_SECONDS,
  SQS_DEFAULT_WAIT_TIME_SECONDS,
  SQS_MAX_VISIBILITY_SECONDS,
} from '../constants.js';
import type {
  BackoffOptions,
  ConsumerOptions,
  Provisioning,
  ServerSQSOptions,
} from '../interfaces/options.interface.js';
import { leanProblems } from '../wire/lean/lean-problems.js';
import { checkOptions } from './check-options.js';
import { awsAccess, nameWord, provisioning } from './shared-schemas.js';

export type ResolvedConsumerOptions = Required<Omit<ConsumerOptions, 'backoff'>> & {
  backoff: Required<BackoffOptions>;
};

export interface ResolvedServerOptions extends Omit<ServerSQSOptions, 'consumer'> {
  prefix: string;
  provisioning: Provisioning;
  shutdownTimeoutMs: number;
}

const backoff = z.strictObject({
  initialSeconds: z.number().min(0).max(SQS_MAX_VISIBILITY_SECONDS).optional(),
  factor: z.number().min(1).max(100).optional(),
  maxSeconds: z.number().min(0).max(SQS_MAX_VISIBILITY_SECONDS).optional(),
});

const consumer = z.strictObject({
  concurrency: z.number().int().min(1).max(10_000).optional(),
  visibilityTimeoutSeconds: z.number().int().min(1).max(SQS_MAX_VISIBILITY_SECONDS).optional(),
  waitTimeSeconds: z.number().int().min(0).max(20).optional(),
  maxReceiveCount: z.number().int().min(1).max(1_000).optional(),
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
  queues: z.record(z.string(), consumer).optional(),
  shutdownTimeoutMs: z.number().int().min(0).max(900_000).optional(),
});

/** Resolves the options once; throws one INVALID_OPTIONS with every problem. */
export function resolveServerOptions(options: ServerSQSOptions): ResolvedServerOptions {
  checkOptions('ServerSQS', server, options, given => leanProblems(given, 'sqs'));
  return {
    ...options,
    prefix: options.prefix ?? '',
    provisioning: options.provisioning ?? 'create',
    shutdownTimeoutMs: options.shutdownTimeoutMs ?? SQS_DEFAULT_SHUTDOWN_TIMEOUT_MS,
  };
}

/** What holds for one queue (its name without prefix): its own settings, then `consumer`, then the defaults. */
export function consumerSettings(
  { consumer: defaults, queues }: Pick<ServerSQSOptions, 'consumer' | 'queues'>,
  queue: string,
): ResolvedConsumerOptions {
  const own = queues?.[queue];
  return {
    concurrency: own?.concurrency ?? defaults?.concurrency ?? SQS_DEFAULT_CONCURRENCY,
    visibilityTimeoutSeconds:
      own?.visibilityTimeoutSeconds ?? defaults?.visibilityTimeoutSeconds ?? SQS_DEFAULT_VISIBILITY_TIMEOUT_SECONDS,
    waitTimeSeconds: own?.waitTimeSeconds ?? defaults?.waitTimeSeconds ?? SQS_DEFAULT_WAIT_TIME_SECONDS,
    maxReceiveCount: own?.maxReceiveCount ?? defaults?.maxReceiveCount ?? SQS_DEFAULT_MAX_RECEIVE_COUNT,
    handlerTimeoutMs: own?.handlerTimeoutMs ?? defaults?.handlerTimeoutMs ?? SQS_DEFAULT_HANDLER_TIMEOUT_MS,
    onGroupFailure: own?.onGroupFailure ?? defaults?.onGroupFailure ?? 'block',
    laneBy: own?.laneBy ?? defaults?.laneBy ?? 'none',
    backoff: {
      initialSeconds:
        own?.backoff?.initialSeconds ?? defaults?.backoff?.initialSeconds ?? SQS_DEFAULT_BACKOFF.initialSeconds,
      factor: own?.backoff?.factor ?? defaults?.backoff?.factor ?? SQS_DEFAULT_BACKOFF.factor,
      maxSeconds: own?.backoff?.maxSeconds ?? defaults?.backoff?.maxSeconds ?? SQS_DEFAULT_BACKOFF.maxSeconds,
    },
  };
}
