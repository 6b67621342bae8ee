import { createHash, randomBytes } from 'node:crypto';
import type { EventMetadata } from '../interfaces/envelope.interface.js';

/** What a key may be as it is. Longer or other text is hashed: no store has to mind lengths, spaces or encodings. */
const PLAIN = /^[\w.:/@+=~-]{1,80}$/;
/** A plain key, with its first character. */
const LONGEST = 81;

/** Distinct for distinct texts: `.` and the text, or `#` and its hash. Over UTF-16, where every string differs. */
function keyOf(text: string): string {
  if (PLAIN.test(text)) return `.${text}`;
  return `#${createHash('sha256').update(Buffer.from(text, 'utf16le')).digest('base64url')}`;
}

let lastSource: string | undefined;
let lastStart = '';

/**
 * CloudEvents makes `source` and `id` together unique; the length in front keeps `a` + `bc` apart from `ab` + `c`. One
 * source follows itself again and again: what its keys begin with is written and looked at once.
 */
export function eventKey({ source, id }: Pick<EventMetadata, 'source' | 'id'>): string {
  if (source !== lastSource) {
    const start = `${source.length}:${source}:`;
    lastStart = PLAIN.test(start) ? `.${start}` : '';
    lastSource = source;
  }
  const isPlain = lastStart !== '' && lastStart.length + id.length <= LONGEST && PLAIN.test(id);
  return isPlain ? lastStart + id : keyOf(`${source.length}:${source}:${id}`);
}

/** Of the user's own making: never the key of an event's id. */
export const ownKey = (text: string): string => keyOf(`own:${text}`);

/** A subject is its source's: order 42 of `orders` is not user 42 of `users`. */
export const subjectKey = ({ source, subject }: { source: string; subject: string }): string =>
  keyOf(`${source.length}:${source}:${subject}`);

const process = randomBytes(9).toString('base64url');
const BLOCK = 1_000;
/** A number is written as text once for many tokens. */
const LAST_DIGITS = Array.from({ length: BLOCK }, (_, n) => String(n).padStart(3, '0'));
let block = process;
let made = 0;

/** Unique among all claims of all processes: 72 random bits for the process, and a count. */
export function newToken(): string {
  const last = made % BLOCK;
  if (last === 0) block = process + made / BLOCK;
  made += 1;
  return block + (LAST_DIGITS[last] ?? '');
}
