import type { JsonSchema } from './async-api.js';
import { stableJson } from './stable-json.js';

/** `out`: others read what is sent, and would miss it; `in`: others send what must be accepted. */
export type Direction = 'in' | 'out';

export interface SchemaChange {
  isBreaking: boolean;
  /** Where in the payload, e.g. `address.city`; empty for the whole. */
  path: string;
  what: string;
}

/** A schema and the document that its references lead into. */
export interface Side {
  schema: JsonSchema;
  root: JsonSchema;
}

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const objectOf = (value: unknown): JsonSchema => (isObject(value) ? value : {});
const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter(each => typeof each === 'string') : [];
const at = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** What a local reference, such as `#/$defs/Address`, leads to. */
export function resolveRef({ schema, root }: Side): Side {
  const { $ref } = schema;
  if (typeof $ref !== 'string' || !$ref.startsWith('#')) return { schema, root };
  let target: unknown = root;
  for (const part of $ref.split('/').slice(1)) {
    target = objectOf(target)[part.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return { schema: objectOf(target), root };
}

const typesOf = ({ type, const: only, enum: values }: JsonSchema): string[] | undefined => {
  if (typeof type === 'string') return [type];
  if (Array.isArray(type)) return textsOf(type);
  const known = only !== undefined ? [only] : Array.isArray(values) ? values : undefined;
  return (
    known && [...new Set(known.map(value => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value)))]
  );
};

const valuesOf = ({ const: only, enum: values }: JsonSchema): string[] | undefined =>
  only !== undefined ? [stableJson(only)] : Array.isArray(values) ? values.map(stableJson) : undefined;

const fits = (type: string, types: readonly string[]): boolean =>
  types.includes(type) || (type === 'integer' && types.includes('number'));

/** Whoever gives must give no more than whoever takes can take. */
function sides<T>(before: T, after: T, direction: Direction): { given: T; taken: T } {
  return direction === 'out' ? { given: after, taken: before } : { given: before, taken: after };
}

function typeChange(before: JsonSchema, after: JsonSchema, direction: Direction): string | undefined {
  const { given, taken } = sides(typesOf(before), typesOf(after), direction);
  if (taken === undefined) return undefined;
  if (given === undefined) return direction === 'out' ? 'may be of any type now' : `must be ${taken.join(' or ')} now`;
  const odd = given.filter(type => !fits(type, taken));
  if (odd.length === 0) return undefined;
  return direction === 'out' ? `may be ${odd.join(' or ')} now` : `may not be ${odd.join(' or ')} any more`;
}

function valueChange(before: JsonSchema, after: JsonSchema, direction: Direction): string | undefined {
  const { given, taken } = sides(valuesOf(before), valuesOf(after), direction);
  if (taken === undefined || (given === undefined && direction === 'out' && typesOf(after) === undefined))
    return undefined;
  const odd = given?.filter(value => !taken.includes(value));
  if (odd?.length === 0) return undefined;
  const which = odd?.join(', ') ?? 'any value';
  return direction === 'out' ? `may be ${which} now` : `may not be ${which} any more`;
}

const LOWER = ['minLength', 'minimum', 'exclusiveMinimum', 'minItems', 'minProperties'];
const UPPER = ['maxLength', 'maximum', 'exclusiveMaximum', 'maxItems', 'maxProperties'];

/** Bounds that refuse what was accepted. */
function tightened(before: JsonSchema, after: JsonSchema): string[] {
  const number = (schema: JsonSchema, name: string, otherwise: number): number =>
    typeof schema[name] === 'number' ? schema[name] : otherwise;
  return [
    ...LOWER.filter(name => number(after, name, -Infinity) > number(before, name, -Infinity)),
    ...UPPER.filter(name => number(after, name, Infinity) < number(before, name, Infinity)),
    ...['pattern', 'format'].filter(name => after[name] !== undefined && after[name] !== before[name]),
  ];
}

/** What is compared, and which pairs of references stand around it: a schema may contain itself. */
interface Pair {
  before: Side;
  after: Side;
  direction: Direction;
  path: string;
  around: ReadonlySet<string>;
}

/** What changed between two schemas of one payload. Pure. */
export const schemaChanges = (before: Side, after: Side, direction: Direction): SchemaChange[] =>
  pairChanges({ before, after, direction, path: '', around: new Set() });

function pairChanges({ before: given, after: now, direction, path, around }: Pair): SchemaChange[] {
  const pair = JSON.stringify([given.schema['$ref'], now.schema['$ref']]);
  const isReference = '$ref' in given.schema || '$ref' in now.schema;
  if (isReference && around.has(pair)) return [];
  const [before, after] = [resolveRef(given), resolveRef(now)];
  const [b, a] = [before.schema, after.schema];
  const breaking = (what: string, where = path): SchemaChange => ({ isBreaking: true, path: where, what });
  const whole = [typeChange(b, a, direction), valueChange(b, a, direction)].filter(each => each !== undefined);
  if (whole.length > 0) return whole.map(what => breaking(what));
  const within = { before, after, direction, path, around: isReference ? new Set([...around, pair]) : around };
  const changes: SchemaChange[] = [];
  if (direction === 'in') changes.push(...tightened(b, a).map(name => breaking(`${name} is tighter`)));
  changes.push(...unionChanges(within), ...propertyChanges(within));
  if (isObject(b['items']) && isObject(a['items']))
    changes.push(...deeper(within, b['items'], a['items'], `${path}[]`));
  return changes;
}

const deeper = (pair: Pair, before: unknown, after: unknown, path: string): SchemaChange[] =>
  pairChanges({
    ...pair,
    before: { ...pair.before, schema: objectOf(before) },
    after: { ...pair.after, schema: objectOf(after) },
    path,
  });

/** Variants that are compared as they are written: a variant that is new to readers, or refused from now on. */
function unionChanges({ before, after, direction, path }: Pair): SchemaChange[] {
  const variants = ({ schema: { anyOf, oneOf }, root }: Side): string[] | undefined => {
    const all = anyOf ?? oneOf;
    return Array.isArray(all)
      ? all.map(each => stableJson(resolveRef({ schema: objectOf(each), root }).schema))
      : undefined;
  };
  const { given, taken } = sides(variants(before), variants(after), direction);
  if (!given || !taken || given.every(each => taken.includes(each))) return [];
  const what = direction === 'out' ? 'may have another form now' : 'one of its forms is refused now';
  return [{ isBreaking: true, path, what }];
}

function propertyChanges(pair: Pair): SchemaChange[] {
  const { before, after, direction, path } = pair;
  const [old, now] = [objectOf(before.schema['properties']), objectOf(after.schema['properties'])];
  const [wasRequired, isRequired] = [textsOf(before.schema['required']), textsOf(after.schema['required'])];
  const isClosed = after.schema['additionalProperties'] === false;
  const changes: SchemaChange[] = [];
  for (const [name, schema] of Object.entries(old)) {
    const where = at(path, name);
    if (!(name in now)) {
      const isBreaking = direction === 'out' || isClosed;
      changes.push({ isBreaking, path: where, what: direction === 'in' && isClosed ? 'is refused now' : 'is gone' });
      continue;
    }
    if (direction === 'out' && wasRequired.includes(name) && !isRequired.includes(name)) {
      changes.push({ isBreaking: true, path: where, what: 'may be absent now' });
    }
    if (direction === 'in' && isRequired.includes(name) && !wasRequired.includes(name)) {
      changes.push({ isBreaking: true, path: where, what: 'is required now' });
    }
    changes.push(...deeper(pair, schema, now[name], where));
  }
  for (const name of Object.keys(now).filter(each => !(each in old))) {
    const isBreaking = direction === 'in' && isRequired.includes(name) && Object.keys(old).length > 0;
    changes.push({ isBreaking, path: at(path, name), what: isBreaking ? 'is new and required' : 'is new' });
  }
  return changes;
}
