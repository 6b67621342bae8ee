import { cutProblem } from '../envelope/message-text.js';

interface Entry {
  MessageBody?: string | undefined;
}

/** From so many characters on a body is quoted here: below it, `JSON.stringify` is as quick. */
const LARGE = 4_096;
/** So many characters there are, at least, for one that is escaped: else `JSON.stringify` is quicker. */
const SPARSE = 256;

const isLarge = ({ MessageBody }: Entry): boolean => typeof MessageBody === 'string' && MessageBody.length >= LARGE;

/**
 * `JSON.stringify` for the input of a call to SQS. `JSON.stringify` looks at each character by itself, and a body is
 * written twice: once as JSON, and once more as a text within the request's JSON. A large body has few quotes as a rule,
 * and the second time only they are looked for.
 */
export function requestJson(input: object): string {
  const { Entries, ...rest } = input as { Entries?: readonly Entry[] };
  if (!Array.isArray(Entries) || !Entries.some(isLarge)) return JSON.stringify(input);
  const head = JSON.stringify(rest);
  return `${head === '{}' ? '{' : `${head.slice(0, -1)},`}"Entries":[${Entries.map(entryJson).join(',')}]}`;
}

function entryJson(entry: Entry): string {
  if (!isLarge(entry)) return JSON.stringify(entry);
  const { MessageBody = '', ...rest } = entry;
  const head = JSON.stringify(rest);
  return `${head === '{}' ? '{' : `${head.slice(0, -1)},`}"MessageBody":${quoted(MessageBody)}}`;
}

/** What SQS takes and JSON escapes, beside quotes and backslashes: line ends, tabs and halves of surrogate pairs. */
const isPlain = (text: string): boolean =>
  !text.includes('\n') && !text.includes('\r') && !text.includes('\t') && cutProblem(text) === undefined;

/** The text as a JSON string. Other control characters are none of a message's (SendMessage API). */
export function quoted(text: string): string {
  return (isPlain(text) ? escapedSparsely(text) : undefined) ?? JSON.stringify(text);
}

/** Undefined: there is too much to escape. */
function escapedSparsely(text: string): string | undefined {
  let rest = text.length / SPARSE;
  let escaped = '"';
  let from = 0;
  let quote = text.indexOf('"');
  let backslash = text.indexOf('\\');
  while (quote !== backslash) {
    rest -= 1;
    if (rest < 0) return undefined;
    const isQuote = backslash === -1 || (quote !== -1 && quote < backslash);
    const at = isQuote ? quote : backslash;
    escaped += `${text.slice(from, at)}\\`;
    from = at;
    if (isQuote) quote = text.indexOf('"', at + 1);
    else backslash = text.indexOf('\\', at + 1);
  }
  return `${escaped}${text.slice(from)}"`;
}
