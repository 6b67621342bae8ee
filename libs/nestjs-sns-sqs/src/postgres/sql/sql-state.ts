import { peek, thrownText } from '../../errors/thrown.js';

/** Five of A-Z and 0-9, one digit at least: Node has codes such as EPIPE. Prisma's own begin with P and 1 to 9. */
const SQL_STATE = /^(?!P[1-9])(?=.*\d)[0-9A-Z]{5}$/;
/** Where drivers and ORMs keep what PostgreSQL has said. */
const INSIDE = ['cause', 'driverError', 'originalError', 'previous', 'meta', 'driverAdapterError'];
const MAX_DEPTH = 6;

/** What an error is made of: itself, and what it was made from, the outermost first. Never throws. */
function* layersOf(error: unknown, depth = 0): Generator<unknown> {
  if (error === undefined || error === null || depth > MAX_DEPTH) return;
  yield error;
  for (const name of INSIDE) yield* layersOf(peek(error, name), depth + 1);
}

/** PostgreSQL's code of an error, whatever library has wrapped it; undefined: it is none of PostgreSQL's. */
export function sqlStateOf(error: unknown): string | undefined {
  for (const layer of layersOf(error)) {
    for (const name of ['code', 'originalCode']) {
      const code = peek(layer, name);
      if (typeof code === 'string' && SQL_STATE.test(code)) return code;
    }
  }
  return undefined;
}

/** True: the error, or one that it wraps, has the text. */
export function hasText(error: unknown, text: string): boolean {
  for (const layer of layersOf(error)) if (thrownText(layer).includes(text)) return true;
  return false;
}
