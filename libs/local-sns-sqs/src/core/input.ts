import { missingParameter, serializationError } from './errors.js';

/** A parsed request, whose members may have any type. */
export type Input = Record<string, unknown>;

const wrongType = (key: string, wanted: string): Error => serializationError(`${key} must be ${wanted}.`);

export const isRecord = (value: unknown): value is Input =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const own = (input: Input, key: string): unknown => (Object.hasOwn(input, key) ? (input[key] ?? undefined) : undefined);

export function optionalString(input: Input, key: string): string | undefined {
  const value = own(input, key);
  if (value === undefined || typeof value === 'string') return value;
  throw wrongType(key, 'a string');
}

export function requiredString(input: Input, key: string): string {
  const value = optionalString(input, key);
  if (value === undefined || value === '') throw missingParameter(key);
  return value;
}

export function optionalInteger(input: Input, key: string): number | undefined {
  const value = own(input, key);
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  throw wrongType(key, 'an integer');
}

export function optionalRecord(input: Input, key: string): Input | undefined {
  const value = own(input, key);
  if (value === undefined || isRecord(value)) return value;
  throw wrongType(key, 'an object');
}

export function stringMap(input: Input, key: string): Map<string, string> {
  const result = new Map<string, string>();
  for (const [name, value] of Object.entries(optionalRecord(input, key) ?? {})) {
    if (typeof value !== 'string') throw wrongType(`${key}.${name}`, 'a string');
    result.set(name, value);
  }
  return result;
}

export function stringList(input: Input, key: string): string[] {
  const value = own(input, key);
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw wrongType(key, 'a list');
  return value.map((item: unknown) => {
    if (typeof item !== 'string') throw wrongType(key, 'a list of strings');
    return item;
  });
}

export function requiredList(input: Input, key: string): string[] {
  const list = stringList(input, key);
  if (list.length === 0) throw missingParameter(key);
  return list;
}

export function recordList(input: Input, key: string): Input[] {
  const value = own(input, key);
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw wrongType(key, 'a list');
  return value.map((item: unknown) => {
    if (!isRecord(item)) throw wrongType(key, 'a list of objects');
    return item;
  });
}
