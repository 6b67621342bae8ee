import sjson from 'secure-json-parse';
import { errorText } from '../errors/aws-errors.js';

/** Deeper than any honest document; recursive code in pipes and validators overflows the stack at a few thousand. */
const MAX_DEPTH = 200;

/** More than `limit` of them, in strings too: found many times faster than by a look at each character. */
function hasMany(text: string, character: string, limit: number): boolean {
  let at = text.indexOf(character);
  for (let count = 0; at !== -1; at = text.indexOf(character, at + 1)) {
    count += 1;
    if (count > limit) return true;
  }
  return false;
}

function isTooDeep(text: string): boolean {
  const half = MAX_DEPTH / 2;
  if (!hasMany(text, '{', half) && !hasMany(text, '[', half)) return false;
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === 0x5c) at += 1;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > MAX_DEPTH) return true;
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return false;
}

/** V8 quotes the text around the place, and errors are logged: `Unexpected token 'h', ..."word":hunt"... is not valid JSON`. */
export const parseErrorText = (error: unknown): string => errorText(error).replace(/, (?:\.{3})?".*$/su, '');

/** Undefined: no problem. */
export const nestingProblem = (text: string): string | undefined =>
  isTooDeep(text) ? `nested more than ${MAX_DEPTH} levels deep` : undefined;

/**
 * Parses JSON from strangers. Throws an Error on what is no JSON, on nesting over 200 levels, and on a `__proto__`
 * key or a `constructor.prototype`, which change the prototype of whatever they are merged into. The error quotes
 * nothing of the text but the character that was not expected.
 */
export function parseJson(text: string): unknown {
  const tooDeep = nestingProblem(text);
  if (tooDeep !== undefined) throw new Error(tooDeep);
  try {
    return sjson.parse(text, undefined, { protoAction: 'error', constructorAction: 'error' });
  } catch (error) {
    throw new SyntaxError(parseErrorText(error));
  }
}
