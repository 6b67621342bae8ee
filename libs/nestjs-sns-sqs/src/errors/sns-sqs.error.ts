import type { SnsSqsErrorCode } from './error-codes.js';

export interface SnsSqsErrorOptions {
  /** True when the same call may succeed later without a change by a person. @default false */
  retryable?: boolean;
  /** What the error is about: queue, topic, operation, messageId, … */
  facts?: Readonly<Record<string, unknown>>;
  cause?: unknown;
}

/**
 * The one error class of this library. The message says what was wrong, where, and what to do about it;
 * `code` is stable across releases, `facts` holds the same as data.
 */
export class SnsSqsError extends Error {
  override readonly name = 'SnsSqsError';
  readonly retryable: boolean;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(
    readonly code: SnsSqsErrorCode,
    message: string,
    { retryable = false, facts = {}, cause }: SnsSqsErrorOptions = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.retryable = retryable;
    this.facts = facts;
  }
}
