import type { Letter } from './letter.js';

/** Selects letters. Every given condition must hold. */
export interface LetterFilter {
  /** SQS's ids of the letters in the dead-letter queue. @default any */
  ids?: readonly string[] | undefined;
  /** Key of a group, as `groups()` gives it. @default any */
  group?: string | undefined;
  /** Type of the event. @default any */
  type?: string | undefined;
  /** Class or code of the error. @default any */
  error?: string | undefined;
  /** Subject of the event. @default any */
  subject?: string | undefined;
  /** Full name of the queue that the letter comes from. @default any */
  source?: string | undefined;
  /** A text that the reason or the body contains. @default any */
  text?: string | undefined;
  /** Letters that SQS accepted before this moment, in epoch milliseconds. @default any */
  before?: number | undefined;
  /** Letters that SQS accepted at this moment or later, in epoch milliseconds. @default any */
  since?: number | undefined;
}

/** Letters of one queue. A selection without any condition needs `all: true`. */
export interface LetterSelection extends LetterFilter {
  /** Full name of the dead-letter queue. */
  queue: string;
  /** True: every letter of the queue that was there at the start. @default false */
  all?: boolean | undefined;
}

export type LetterTest = (letter: Letter) => boolean;

/** True where the filter has at least one condition. */
export const hasCondition = ({
  ids,
  group,
  type,
  error,
  subject,
  source,
  text,
  before,
  since,
}: LetterFilter): boolean =>
  [ids, group, type, error, subject, source, text, before, since].some(each => each !== undefined);

/** Pure. */
export function letterTest(filter: LetterFilter): LetterTest {
  const ids = filter.ids && new Set(filter.ids);
  const { group, type, error, subject, source, text, before = Infinity, since = -Infinity } = filter;
  return letter =>
    (ids?.has(letter.id) ?? true) &&
    (group === undefined || letter.group === group) &&
    (type === undefined || letter.type === type) &&
    (error === undefined || letter.error === error) &&
    (subject === undefined || letter.event?.metadata.subject === subject) &&
    (source === undefined || letter.source === source) &&
    letter.sentAt < before &&
    letter.sentAt >= since &&
    (text === undefined || letter.body.includes(text) || (letter.reason?.includes(text) ?? false));
}
