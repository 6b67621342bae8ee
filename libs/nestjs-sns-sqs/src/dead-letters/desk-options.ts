import type { SQSClient } from '@aws-sdk/client-sqs';
import type { InboxStore } from '../interfaces/inbox-store.interface.js';
import type { AwsClientOptions } from '../interfaces/options.interface.js';
import { checkOptions } from '../options/check-options.js';
import { z } from '../options/schema.js';
import { awsAccess, fn, withMethods } from '../options/shared-schemas.js';
import { hasCondition, type LetterFilter } from './letter-filter.js';
import type { LetterHandlers } from './letter-handlers.js';
import type { Coverage } from './look-through.js';

export interface DeadLetterDeskOptions {
  /** Configuration of the SDK client. @default the SDK's own defaults */
  aws?: AwsClientOptions | undefined;
  /** A ready client. The client stays open when the desk closes. @default one made from `aws` */
  sqs?: SQSClient | undefined;
  /** The environment's prefix: `queues()` lists the queues whose names begin so. @default '' */
  prefix?: string | undefined;
  /** The store of the service's inbox: a dry run then foresees duplicates. @default none */
  inbox?: InboxStore | undefined;
  /** The handlers of the service: a dry run then foresees contract violations and unknown types. @default none */
  handlers?: LetterHandlers | undefined;
  /** Letters that one look reads at most, 1 to 110,000. SQS allows 120,000 messages in flight. @default 100000 */
  maxRead?: number | undefined;
}

export interface ResolvedDeskOptions extends DeadLetterDeskOptions {
  prefix: string;
  maxRead: number;
}

const SCHEMA = z.strictObject({
  aws: awsAccess.aws,
  sqs: awsAccess.sqs,
  prefix: awsAccess.prefix,
  inbox: withMethods('claim', 'release').optional(),
  handlers: withMethods('consumes', 'find').optional(),
  maxRead: z.number().int().min(1).max(110_000).optional(),
});

/** Throws INVALID_OPTIONS with all problems. */
export function resolveDeskOptions(options: DeadLetterDeskOptions): ResolvedDeskOptions {
  checkOptions('DeadLetterDesk', SCHEMA, options);
  return { ...options, prefix: options.prefix ?? '', maxRead: options.maxRead ?? 100_000 };
}

export interface LookSettings {
  /** Called after each round of receives, synchronously. */
  onProgress?: ((coverage: Coverage) => void) | undefined;
  /** Ends the look early. The result has what the desk read until then. */
  signal?: AbortSignal | undefined;
}

export interface ListOptions extends LookSettings {
  /** @default every letter */
  filter?: LetterFilter | undefined;
  /** The `cursor` of the page before. @default the first page */
  cursor?: string | undefined;
  /** Letters of a page, 1 to 1,000. @default 50 */
  limit?: number | undefined;
}

export interface RedriveOptions {
  /** True: sends nothing, and tells what would happen. @default false */
  dryRun?: boolean | undefined;
  /** Messages that are sent per second at most, 0.1 to 3,000. @default 10 */
  messagesPerSecond?: number | undefined;
  /** Letters that SQS accepted at this moment or later stay, in epoch milliseconds. @default the start of the redrive */
  before?: number | undefined;
  /** Full name of the queue that the letters go to. @default the queue that each letter comes from */
  to?: string | undefined;
  /** So many letters that fail again end the redrive, 1 to 100,000. @default 1 */
  stopAfter?: number | undefined;
  /** Called after each batch, synchronously. */
  onProgress?: ((progress: { sent: number; selected: number }) => void) | undefined;
  /** Ends the redrive after the current batch. */
  signal?: AbortSignal | undefined;
}

const REDRIVE = z.strictObject({
  dryRun: z.boolean().optional(),
  messagesPerSecond: z.number().min(0.1).max(3_000).optional(),
  before: z.number().optional(),
  to: z.string().min(1).optional(),
  stopAfter: z.number().int().min(1).max(100_000).optional(),
  onProgress: fn.optional(),
  signal: z.instanceof(AbortSignal).optional(),
});

/** Throws INVALID_OPTIONS with all problems. */
export const checkRedriveOptions = (options: RedriveOptions): void => checkOptions('redrive', REDRIVE, options);

const SELECTION = z.strictObject({
  queue: z.string().min(1),
  all: z.boolean().optional(),
  ids: z.array(z.string()).optional(),
  group: z.string().optional(),
  type: z.string().optional(),
  error: z.string().optional(),
  subject: z.string().optional(),
  source: z.string().optional(),
  text: z.string().min(1).optional(),
  before: z.number().optional(),
  since: z.number().optional(),
});

/** Throws INVALID_OPTIONS: a condition that was forgotten must not mean every letter. */
export function checkSelection(of: string, selection: object): void {
  checkOptions(of, SELECTION, selection, given => {
    const { queue: _, all, ...conditions } = given as Record<string, unknown>;
    return hasCondition(conditions) || all === true
      ? []
      : ['no letters are selected: give a condition, or `all: true`'];
  });
}
