import type { ClientSNSOptions, ClientSQSOptions } from '../interfaces/client-options.interface.js';
import { DEFAULT_PUBLISH_TIMEOUT_MS } from '../constants.js';
import { checkOptions } from '../options/check-options.js';
import { ignoredByTheSdk } from '../options/conflicting-options.js';
import { leanProblems } from '../wire/lean/lean-problems.js';
import { z } from '../options/schema.js';
import {
  awsAccess,
  fn,
  nameWord,
  provisioning,
  shutdownTimeoutMs,
  telemetryShape,
  part,
} from '../options/shared-schemas.js';

const { prefix, aws, wire, sqs, sns, serializer, deserializer } = awsAccess;

const common = {
  service: nameWord,
  prefix,
  aws,
  wire,
  serializer,
  provisioning,
  ...telemetryShape,
  source: z
    .string()
    .min(1)
    .max(256)
    // Half of one is the same to every hash as half of another.
    .regex(/^\P{Cs}*$/u, 'expected a text that is not cut inside an emoji')
    .optional(),
  publish: z
    .strictObject({
      lingerMs: z.number().int().min(0).max(1_000).optional(),
      maxAttempts: z.number().int().min(1).max(20).optional(),
      retryDelayMs: z.number().int().min(0).max(60_000).optional(),
      maxPending: z.number().int().min(1).max(1_000_000).optional(),
      timeoutMs: z.number().int().min(100).max(900_000).optional(),
    })
    .optional(),
  shutdownTimeoutMs,
  groupId: z
    .custom(value => typeof value === 'function' || value === 'none', "expected a function, or 'none'")
    .optional(),
  deduplicationId: fn.optional(),
  outbox: part(
    'an outbox such as `new PostgresOutbox({ pool })`',
    'nextSequence',
    'add',
    'schedule',
    'cancel',
    'open',
    'claim',
    'renew',
    'settle',
  ).optional(),
};

const clientSns = z.strictObject({
  ...common,
  sns,
  topicArn: z
    .string()
    .regex(/^arn:[\w-]+:sns:[\w-]+:\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?$/, "expected a topic's ARN")
    .optional(),
});

const clientSqs = z.strictObject({
  ...common,
  sqs,
  queue: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,80}(\.fifo)?$/, "expected a queue's name")
    .optional(),
  queueUrl: z.url(/^https?$/).optional(),
  replyTimeoutMs: z.number().int().min(1).max(3_600_000).optional(),
  deserializer,
});

/** What goes badly together in the options of both clients. */
function conflicts({ publish, aws }: Pick<ClientSQSOptions, 'publish' | 'aws'>): string[] {
  const { timeoutMs = DEFAULT_PUBLISH_TIMEOUT_MS, lingerMs = 0, retryDelayMs = 0 } = publish ?? {};
  const tooLong = Object.entries({ lingerMs, retryDelayMs }).filter(([, ms]) => ms >= timeoutMs);
  return [
    ...tooLong.map(
      ([name]) =>
        `\`publish.${name}\` is no shorter than \`publish.timeoutMs\` (${timeoutMs} ms): it would never end in time`,
    ),
    ...ignoredByTheSdk({ aws }),
  ];
}

const twoNames = ({ queue, queueUrl }: ClientSQSOptions): string[] =>
  queue !== undefined && queueUrl !== undefined ? ['`queue` and `queueUrl` name the queue twice: leave one out'] : [];

/** Throws one INVALID_OPTIONS with every problem. */
export const checkClientSnsOptions = (options: ClientSNSOptions): void =>
  checkOptions('ClientSNS', clientSns, options, given => [...leanProblems(given, 'sns'), ...conflicts(given)]);

/** Throws one INVALID_OPTIONS with every problem. */
export const checkClientSqsOptions = (options: ClientSQSOptions): void =>
  checkOptions('ClientSQS', clientSqs, options, given => [
    ...leanProblems(given, 'sqs'),
    ...conflicts(given),
    ...twoNames(given),
  ]);
