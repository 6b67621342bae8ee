import { createHash, randomBytes } from 'node:crypto';
import type { EventMetadata } from '../interfaces/envelope.interface.js';

/** What a key may be as it is. Longer or other text is hashed: no store has to mind lengths, spaces or encodings. */
const PLAIN = /^[\w.:/@+=~-]{1,80}$/;

/** Distinct for distinct texts: `.` and the text, or `#` and its hash. Over UTF-16, where every string differs. */
function keyOf(text: string): string {
  if (PLAIN.test(text)) return `.${text}`;
  return `#${createHash('sha256').update(Buffer.from(text, 'utf16le')).digest('base64url')}`;
}

/** CloudEvents makes `source` and `id` together unique; the length in front keeps `a` + `bc` apart from `ab` + `c`. */
export const eventKey = ({ source, id }: Pick<EventMetadata, 'source' | 'id'>): string =>
  keyOf(`${source.length}:${source}:${id}`);

/** Of the user's own making: never the key of an event's id. */
export const ownKey = (text: string): string => keyOf(`own:${text}`);

/** A subject is its source's: order 42 of `orders` is not user 42 of `users`. */
export const subjectKey = ({ source, subject }: { source: string; subject: string }): string =>
  keyOf(`${source.length}:${source}:${subject}`);

const process = randomBytes(9).toString('base64url');
let made = 0;

/** Unique among all claims of all processes: 72 random bits for the process, and a count. */
export function newToken(): string {
  made += 1;
  return `${process}${made.toString(36)}`;
}
