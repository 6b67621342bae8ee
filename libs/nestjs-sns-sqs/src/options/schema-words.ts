import { peek } from '../errors/thrown.js';

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (!isObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Of whatever realm.
  return prototype === null || Object.hasOwn(prototype as object, 'isPrototypeOf');
}

export const expected = (what: string, received: string): string =>
  `Invalid input: expected ${what}, received ${received}`;

/** How a value is called in a message: `null`, `array`, the name of its class. */
export function typeName(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value !== 'object') return typeof value;
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  const name = Object.getPrototypeOf(value) === Object.prototype ? undefined : peek(peek(value, 'constructor'), 'name');
  return typeof name === 'string' && name !== '' ? name : 'object';
}

export const ofType = (name: string, isRight: (value: unknown) => boolean) =>
  [isRight, (value: unknown) => expected(name, typeName(value))] as const;

export const quoted = (values: readonly string[], between: string): string =>
  values.map(value => `"${value}"`).join(between);

export const unrecognized = (names: readonly string[]): string =>
  `Unrecognized key${names.length > 1 ? 's' : ''}: ${quoted(names, ', ')}`;

export function isUrl(value: unknown, protocol: RegExp): boolean {
  return typeof value === 'string' && URL.canParse(value) && protocol.test(new URL(value).protocol.slice(0, -1));
}
