import { SQS_MAX_VISIBILITY_SECONDS } from '../constants.js';

const OUTCOME = Symbol.for('nestjs-sns-sqs.outcome');

const isDelay = (seconds: unknown): boolean =>
  typeof seconds === 'number' && seconds >= 0 && seconds <= SQS_MAX_VISIBILITY_SECONDS;

/** What a handler asks for by throwing. Recognised by a symbol, so that the ESM and the CJS build know each other's. */
abstract class HandlerOutcome extends Error {
  abstract readonly [OUTCOME]: 'retry-later' | 'dead-letter' | 'discard';
}

/**
 * Thrown by a handler: deliver this message again after `seconds`. This uses up no attempt, for at most
 * `retryLaterForSeconds` (12 hours by default). `seconds` is between 0 and 43,200 (12 h, AWS's bound of a visibility
 * timeout); anything else throws a RangeError.
 *
 * @example
 * ```ts
 * throw new RetryLater(30, 'the mail server is down');
 * ```
 * @throws {RangeError} The seconds are out of range.
 */
export class RetryLater extends HandlerOutcome {
  override readonly name = 'RetryLater';
  readonly [OUTCOME] = 'retry-later';

  constructor(
    readonly seconds: number,
    reason = `retry in ${seconds} s`,
    options?: ErrorOptions,
  ) {
    super(reason, options);
    if (!isDelay(seconds)) {
      throw new RangeError(`RetryLater takes 0 to ${SQS_MAX_VISIBILITY_SECONDS} seconds, not ${seconds}`);
    }
  }
}

/**
 * Thrown by a handler: this message can never succeed; move the message to the dead-letter queue now, with this
 * reason.
 *
 * @example
 * ```ts
 * throw new DeadLetter('unknown template');
 * ```
 */
export class DeadLetter extends HandlerOutcome {
  override readonly name = 'DeadLetter';
  readonly [OUTCOME] = 'dead-letter';
}

/**
 * Thrown by a handler: delete the message and do nothing more.
 *
 * @example
 * ```ts
 * throw new Discard('a test order');
 * ```
 */
export class Discard extends HandlerOutcome {
  override readonly name = 'Discard';
  readonly [OUTCOME] = 'discard';
}

/** What a thrown value asks for. Closed: a `switch` over `kind` has a case for each. */
export type Outcome =
  | { kind: 'retry-later'; seconds: number }
  | { kind: 'dead-letter' }
  | { kind: 'discard' }
  /** Any other error. */
  | { kind: 'failed' };

const FAILED: Outcome = { kind: 'failed' };

/** What a handler asks for by what it threw. Never throws, whatever that is. */
export function outcomeOf(error: unknown): Outcome {
  try {
    if (typeof error !== 'object' || error === null) return FAILED;
    switch ((error as Partial<HandlerOutcome>)[OUTCOME]) {
      case 'retry-later': {
        const { seconds } = error as { seconds: unknown };
        return isDelay(seconds) ? { kind: 'retry-later', seconds: seconds as number } : FAILED;
      }
      case 'dead-letter':
        return { kind: 'dead-letter' };
      case 'discard':
        return { kind: 'discard' };
      default:
        return FAILED;
    }
  } catch {
    // A getter or a proxy that throws.
    return FAILED;
  }
}
