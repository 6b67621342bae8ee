const FAILURES = Symbol.for('nestjs-sns-sqs.batch-failures');

/** One message of a batch that failed. */
export interface FailedElement {
  /** Its place in the array of payloads that the handler got, from 0. */
  index: number;
  /** Treated as if the handler of this message alone had thrown it: `RetryLater`, `DeadLetter` and `Discard` too. */
  error: unknown;
}

/**
 * Thrown by the handler of a batch: these messages failed, and all others of the batch are done. An index that the batch
 * does not have fails the whole batch with INVALID_BATCH_FAILURE.
 *
 * @example
 * ```ts
 * throw new BatchFailure([{ index: 3, error: new DeadLetter('unknown page') }]);
 * ```
 */
export class BatchFailure extends Error {
  override readonly name = 'BatchFailure';
  /** By a symbol, so that the ESM and the CJS build know each other's. */
  readonly [FAILURES]: readonly FailedElement[];

  constructor(
    readonly failures: readonly FailedElement[],
    message?: string,
    options?: ErrorOptions,
  ) {
    super(message ?? `${failures.length} messages of the batch failed`, options);
    this[FAILURES] = failures;
  }
}

/** True for a BatchFailure of either build. Never throws, whatever it is given. */
export function isBatchFailure(error: unknown): boolean {
  try {
    return typeof error === 'object' && error !== null && FAILURES in error;
  } catch {
    return false;
  }
}

/**
 * The errors of a batch's failed messages by index. Undefined: it names an index that the batch does not have, or what it
 * gives is no list of failures. Never throws.
 */
export function failuresByIndex(error: unknown, count: number): ReadonlyMap<number, unknown> | undefined {
  try {
    const failures = new Map<number, unknown>();
    for (const { index, error: own } of (error as BatchFailure)[FAILURES]) {
      if (!Number.isInteger(index) || index < 0 || index >= count) return undefined;
      // The first one counts.
      if (!failures.has(index)) failures.set(index, own ?? new Error('The handler named no error'));
    }
    return failures;
  } catch {
    return undefined;
  }
}
