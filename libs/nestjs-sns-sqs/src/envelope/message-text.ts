/** Half of a surrogate pair, as `text.slice(0, n)` makes of an emoji. It has no UTF-8. */
const HALF = /[\uD800-\uDFFF]/u;

/** What SQS refuses in a body and in attributes (SendMessage API), and half of a surrogate pair. */
const REFUSED = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

const HALF_PROBLEM = 'it holds half of an emoji or of another surrogate pair';

/** Undefined: no problem. Half of a surrogate pair spoils the batch that the text travels in: the SDK throws on it. */
export const cutProblem = (text: string): string | undefined => (HALF.test(text) ? HALF_PROBLEM : undefined);

/** Why AWS cannot take the text in a message; undefined: it can. */
export function textProblem(text: string): string | undefined {
  const refused = REFUSED.exec(text)?.[0];
  if (refused === undefined) return undefined;
  if (HALF.test(text)) return HALF_PROBLEM;
  return `AWS refuses the character U+${refused.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}
