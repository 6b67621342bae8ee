/**
 * What SQS refuses in a body or attribute (SendMessage API), and what ends a line or begins a terminal's control
 * sequence: C0 and C1 controls, U+2028 and U+2029.
 */
const unprintable = /[^\u0020-\u007E\u00A0-\u2027\u202A-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

/** The text on one line. */
export const printable = (text: string): string => text.replace(unprintable, ' ');

/** As JSON, on one line: a text in quotes. */
export const quoted = (value: unknown): string => printable(JSON.stringify(value) ?? String(value));

/** An error's stack with its message on one line, so that the message cannot pass for a line of the log. */
export function printableStack(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.stack === undefined) return undefined;
  const { stack, message } = error;
  const lines = message === '' ? stack : stack.replace(message, () => printable(message));
  return lines.split('\n').map(printable).join('\n');
}
