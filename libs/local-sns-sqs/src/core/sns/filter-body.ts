import { isRecord } from '../input.js';
import type { Scalar } from './filter-conditions.js';

/** The values of a message under a key, and the objects there to look further into. */
export type Lookup = (key: string) => { values: Scalar[]; objects: Lookup[] };

export const isScalar = (value: unknown): value is Scalar =>
  value === null || value === undefined || ['string', 'number', 'boolean'].includes(typeof value);

const flatten = (value: unknown): Scalar[] =>
  Array.isArray(value) ? value.flatMap(flatten) : isScalar(value) ? [value] : [];

function objectLookup(object: Record<string, unknown>): Lookup {
  return key => {
    const value = Object.hasOwn(object, key) ? object[key] : undefined;
    const objects = (Array.isArray(value) ? value.flat(Infinity) : [value]).filter(isRecord).map(objectLookup);
    return { values: flatten(value), objects };
  };
}

function hasDottedKey(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasDottedKey);
  if (!isRecord(value)) return false;
  return Object.entries(value).some(([key, inner]) => key.includes('.') || hasDottedKey(inner));
}

/** What two keys say of one place: objects become one, other values stand beside each other. */
function merged(one: unknown, other: unknown): unknown {
  if (one === undefined) return other;
  if (isRecord(one) && isRecord(other)) {
    const both = Object.assign(Object.create(null), one) as Record<string, unknown>;
    for (const [key, value] of Object.entries(other)) both[key] = merged(both[key], value);
    return both;
  }
  if (Array.isArray(one) && isRecord(other) && one.some(isRecord)) {
    return one.map(item => (isRecord(item) ? merged(item, other) : (item as unknown)));
  }
  if (isRecord(one) && Array.isArray(other)) return merged(other, one);
  return [one, other].flat();
}

/** `{ "a.b": 1 }` as `{ "a": { "b": 1 } }`: SNS takes the two for the same (recorded). */
function nested(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nested);
  if (!isRecord(value)) return value;
  let result: unknown = Object.create(null);
  for (const [key, inner] of Object.entries(value)) {
    const path = key.split('.').reverse();
    result = merged(
      result,
      path.reduce<unknown>((below, part) => Object.assign(Object.create(null), { [part]: below }), nested(inner)),
    );
  }
  return result;
}

export function bodyLookup(body: Record<string, unknown>): Lookup {
  const object = hasDottedKey(body) ? nested(body) : body;
  return objectLookup(isRecord(object) ? object : body);
}
