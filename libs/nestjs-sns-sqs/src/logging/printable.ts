import { isError, json, peek, thrownText } from '../errors/thrown.js';

/**
 * What SQS refuses in a body or attribute (SendMessage API), and what ends a line or begins a terminal's control
 * sequence: C0 and C1 controls, U+2028 and U+2029.
 */
const unprintable = /[^\u0020-\u007E\u00A0-\u2027\u202A-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

/** The text on one line. */
export const printable = (text: string): string => text.replace(unprintable, ' ');

/** As JSON, on one line: a text in quotes. */
export const quoted = (value: unknown): string => printable(json(value) ?? thrownText(value));

/** In characters. */
const MAX_STACK = 32_000;

/** An error's stack with its message on one line, so that the message cannot pass for a line of the log. Never throws. */
export function printableStack(error: unknown): string | undefined {
  const stack = isError(error) ? peek(error, 'stack') : undefined;
  if (typeof stack !== 'string') return undefined;
  const message = peek(error, 'message');
  // The frames of a huge one are beyond what is worth writing down.
  const short = stack.slice(0, MAX_STACK);
  const lines =
    typeof message !== 'string' || message === ''
      ? short
      : short.replace(message.slice(0, MAX_STACK), text => printable(text));
  return lines.split('\n').map(printable).join('\n');
}
