import { isError, peek, thrownName, thrownText } from '../errors/thrown.js';
import { printable, printableStack } from './printable.js';

/** What a line of the log says beside its text, by names that stay. */
export interface LogFields {
  queue?: string;
  /** Of the event: its pattern. */
  type?: string;
  eventId?: string;
  messageId?: string;
  attempt?: number;
  maxReceiveCount?: number;
  nextAttemptInSeconds?: number;
  outcome?: string;
  /** W3C Trace Context of the attempt, else of the event. */
  traceparent?: string;
  correlationId?: string;
}

/** Deeper than any honest chain of causes. */
const MAX_CAUSES = 8;

/**
 * A line of the log that a person reads as text, and a structured logger as fields: pino merges its own properties, and
 * Nest's JSON logger writes its JSON. Nest's console shows the text, and the stack of the error below it.
 */
export class LogLine {
  /** The text, by pino's name for it. */
  readonly msg: string;
  /** By pino's name for it; undefined for what is no error. */
  readonly err?: Error;
  readonly #stack: string | undefined;

  constructor(text: string, fields: LogFields, error?: unknown) {
    this.msg = printable(text);
    for (const [name, value] of Object.entries(fields) as Array<[string, string | number | undefined]>) {
      // Types and ids come from whoever sent the message.
      if (value !== undefined) Object.assign(this, { [name]: typeof value === 'string' ? printable(value) : value });
    }
    if (isError(error)) {
      this.err = error;
      this.#stack = printableStack(error);
    }
  }

  /** The text, by winston's name for it. */
  get message(): string {
    return this.msg;
  }

  toString(): string {
    return this.msg;
  }

  toJSON(): object {
    const { err, ...fields } = this;
    return { ...fields, ...(err && { err: jsonOf(err) }) };
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.#stack === undefined ? this.msg : `${this.msg}\n${this.#stack}`;
  }
}

/** JSON makes `{}` of an error. */
function jsonOf(error: unknown, depth = 0): object {
  const code = peek(error, 'code');
  const cause = peek(error, 'cause');
  return {
    type: thrownName(error),
    message: printable(thrownText(error)),
    ...(typeof code === 'string' && { code: printable(code) }),
    stack: printableStack(error),
    ...(isError(cause) && depth < MAX_CAUSES && { cause: jsonOf(cause, depth + 1) }),
  };
}

/** What an error says, and what each of its causes says: "fetch failed" alone says nothing. Never throws. */
export function textWithCauses(error: unknown): string {
  const texts = [thrownText(error)];
  const seen = new Set<unknown>([error]);
  for (let cause = peek(error, 'cause'); cause !== undefined && cause !== null; cause = peek(cause, 'cause')) {
    if (seen.has(cause) || texts.length > MAX_CAUSES) break;
    seen.add(cause);
    const text = thrownText(cause);
    // Wrappers often repeat what they wrap.
    if (!texts.some(known => known.includes(text))) texts.push(text);
  }
  return texts.join('; caused by: ');
}
