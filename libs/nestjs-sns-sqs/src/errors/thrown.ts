import { isNativeError } from 'node:util/types';

/** A text of any thrown value is cut here, in characters: it is logged, and written on dead letters and replies. */
const MAX_TEXT = 8_000;

/** A property of anything; undefined where reading it throws, as a getter, or a proxy that was revoked, may. */
export function peek(value: unknown, key: PropertyKey): unknown {
  try {
    return (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  } catch {
    return undefined;
  }
}

/** As `instanceof`; false where that throws. */
export function isInstance<T>(value: unknown, type: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

/** True for the errors of other realms too (`node:vm`, a test runner). Never throws. */
export const isError = (value: unknown): value is Error => isNativeError(value) || isInstance(value, Error);

/** The class of a thrown value, as it names itself: `typeof` where it is no error. Never throws. */
export function thrownName(error: unknown): string {
  if (!isError(error)) return typeof error;
  const name = peek(error, 'name');
  return typeof name === 'string' && name !== '' ? cut(name) : 'Error';
}

/** What a thrown value tells, whatever it is: its message, its name, or itself as JSON. Never throws, never empty. */
export function thrownText(error: unknown): string {
  if (error === null || (typeof error !== 'object' && typeof error !== 'function')) {
    return cut(String(error)) || 'an empty text was thrown';
  }
  const own = legible(peek(error, 'message'));
  if (own !== '') return own;
  if (!isError(error)) return json(error) ?? 'unknown error';
  // Node's AggregateError of a failed connect has no message of its own.
  return legible(peek(firstError(peek(error, 'errors')), 'message')) || thrownName(error);
}

/** As JSON, cut to a length that can be logged; undefined for what has no JSON form. Never throws. */
export function json(value: unknown): string | undefined {
  try {
    const text: unknown = JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each));
    return typeof text === 'string' ? cut(text) : undefined;
  } catch {
    return undefined;
  }
}

/** Empty for what says nothing. */
function legible(value: unknown): string {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
    case 'symbol':
      return cut(String(value));
    default:
      return value === null ? '' : (json(value) ?? '');
  }
}

function firstError(errors: unknown): unknown {
  try {
    return Array.isArray(errors) ? errors.find(isError) : undefined;
  } catch {
    return undefined;
  }
}

const cut = (text: string): string => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text);
