import type { SnsSqsErrorCode } from './error-codes.js';

/** The facts of an error. The code decides which facts an error has. New kinds of facts may appear at any time. */
export interface ErrorFacts {
  /** The call to AWS, e.g. `ReceiveMessage`, and what it was made on. */
  readonly operation?: string;
  readonly resource?: string;
  /** AWS's own name or code of the error. */
  readonly awsError?: string | undefined;
  /** Full name of the queue. */
  readonly queue?: string;
  /** Full name of the topic. */
  readonly topic?: string;
  /** Where an event was to go: the name of its topic or queue. */
  readonly destination?: string;
  /** The event's type: the pattern. */
  readonly type?: string;
  readonly messageId?: string | undefined;
  /** All that is wrong with the options, names or handlers, a text for each. */
  readonly problems?: readonly string[];
  readonly [fact: string]: unknown;
}

export interface SnsSqsErrorOptions {
  /** True when the same call may succeed later without a change by a person. @default false */
  retryable?: boolean;
  /** The facts of the error: queue, topic, operation, messageId, … */
  facts?: ErrorFacts;
  cause?: unknown;
}

/** An error, its message in parts. None of them ends with a full stop. */
export interface SnsSqsErrorParts extends SnsSqsErrorOptions {
  /** The problem, and where it was found. */
  problem: string;
  /** The parts of the problem, one line each. */
  list?: readonly string[];
  /** The remedy that a person can apply. */
  remedy: string;
}

/**
 * The one error class of this library. The message says what was wrong, where, and what to do about it;
 * `code` is stable across releases, `facts` holds the same as data.
 *
 * @example
 * ```ts
 * await lastValueFrom(events.emit('user.registered', user)).catch((error: unknown) => {
 *   if (error instanceof SnsSqsError && error.retryable) console.log(`try again later: ${error.code}`);
 * });
 * ```
 */
export class SnsSqsError extends Error {
  override readonly name = 'SnsSqsError';
  readonly retryable: boolean;
  readonly facts: ErrorFacts;
  // Private: the message has both, and Node prints every property of an error below it.
  readonly #problem: string;
  readonly #remedy: string | undefined;

  /** @param text the whole message, or its parts together with the options */
  constructor(
    readonly code: SnsSqsErrorCode,
    text: string | SnsSqsErrorParts,
    options: SnsSqsErrorOptions = typeof text === 'string' ? {} : text,
  ) {
    const parts = partsOf(text);
    const { retryable = false, facts = {}, cause } = options;
    super(messageOf(parts), cause === undefined ? undefined : { cause });
    this.retryable = retryable;
    this.facts = facts;
    this.#problem = problemOf(parts);
    this.#remedy = parts.remedy;
  }

  /** What was wrong, and where: the message without the remedy. */
  get problem(): string {
    return this.#problem;
  }

  /** The remedy that a person can apply. Undefined: it depends on what happened, or there is nothing to do. */
  get remedy(): string | undefined {
    return this.#remedy;
  }
}

/** Problems as parts of an error. One is a sentence after `of`, several are a list below `heading`, a line each. */
export function problemParts(
  problems: readonly string[],
  { of, heading }: { of?: string; heading: string },
): Pick<SnsSqsErrorParts, 'problem' | 'list'> {
  const [only = heading] = problems;
  if (problems.length > 1) return { problem: heading, list: problems };
  return { problem: of === undefined ? only : `${of}: ${only}` };
}

interface Parts extends Pick<SnsSqsErrorParts, 'problem' | 'list'> {
  remedy?: string;
}

const partsOf = (text: string | SnsSqsErrorParts): Parts => (typeof text === 'string' ? { problem: text } : text);

const problemOf = ({ problem, list }: Parts): string => (list ? `${problem}:\n- ${list.join('\n- ')}` : problem);

function messageOf(parts: Parts): string {
  const problem = problemOf(parts);
  if (parts.remedy === undefined) return problem;
  return `${problem}${parts.list ? '\n' : '. '}Remedy: ${parts.remedy}.`;
}
