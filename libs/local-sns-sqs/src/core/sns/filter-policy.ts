import { isRecord } from '../input.js';
import type { AttributeValue } from '../message-attributes.js';
import { type Condition, FilterPolicyProblem, type Scalar, parseCondition } from './filter-conditions.js';

export type FilterScope = 'MessageAttributes' | 'MessageBody';

interface Level {
  leaves: Array<{ key: string; conditions: Condition[] }>;
  nested: Array<{ key: string; level: Level }>;
  alternatives: Level[][];
}

export interface FilterPolicy {
  scope: FilterScope;
  root: Level;
}

const MOST_KEYS = 5;
const MOST_COMBINATIONS = 150;
const MOST_BYTES = 262_144;

interface Complexity {
  keys: Set<string>;
  combinations: number;
}

const isOr = (key: string, value: unknown): value is Array<Record<string, unknown>> =>
  key === '$or' &&
  Array.isArray(value) &&
  value.length >= 2 &&
  value.every(item => isRecord(item) && Object.keys(item).length > 0);

function parseLevel(
  rules: Record<string, unknown>,
  scope: FilterScope,
  path: string,
  depth: number,
  found: Complexity,
): Level {
  const level: Level = { leaves: [], nested: [], alternatives: [] };
  for (const [key, value] of Object.entries(rules)) {
    const here = `${path}.${key}`;
    if (isOr(key, value)) {
      let sum = 0;
      level.alternatives.push(
        value.map(item => {
          const part: Complexity = { keys: found.keys, combinations: 1 };
          const parsed = parseLevel(item, scope, path, depth, part);
          sum += part.combinations;
          return parsed;
        }),
      );
      found.combinations *= sum;
    } else if (Array.isArray(value)) {
      if (value.length === 0) throw new FilterPolicyProblem('Empty arrays are not allowed');
      level.leaves.push({ key, conditions: value.map(parseCondition) });
      found.keys.add(here);
      found.combinations *= value.length * (scope === 'MessageBody' ? depth : 1);
    } else if (isRecord(value)) {
      if (scope === 'MessageAttributes') {
        throw new FilterPolicyProblem('Filter policy scope MessageAttributes does not support nested filter policy');
      }
      level.nested.push({ key, level: parseLevel(value, scope, here, depth + 1, found) });
    } else {
      throw new FilterPolicyProblem(`"${key}" must be an object or an array`);
    }
  }
  return level;
}

/** Reads a filter policy; a FilterPolicyProblem says what is wrong with it. `{}` filters nothing. */
export function parseFilterPolicy(text: string, scope: FilterScope): FilterPolicy {
  let rules: unknown;
  try {
    rules = JSON.parse(text);
  } catch {
    throw new FilterPolicyProblem('failed to parse JSON.');
  }
  if (!isRecord(rules)) throw new FilterPolicyProblem('Filter policy must be a JSON object.');
  if (Buffer.byteLength(text) > MOST_BYTES)
    throw new FilterPolicyProblem('Filter policy can not be longer than 256 KB');
  const found: Complexity = { keys: new Set(), combinations: 1 };
  const root = parseLevel(rules, scope, '', 1, found);
  if (found.keys.size > MOST_KEYS) throw new FilterPolicyProblem('Filter policy can not have more than 5 keys');
  if (found.combinations > MOST_COMBINATIONS) throw new FilterPolicyProblem('Filter policy is too complex');
  return { scope, root };
}

const isScalar = (value: unknown): value is Scalar =>
  value === null || value === undefined || ['string', 'number', 'boolean'].includes(typeof value);

/** The values that an attribute offers; several for a String.Array. */
function attributeValues(attribute: AttributeValue | undefined): Scalar[] {
  if (!attribute) return [undefined];
  const { DataType, StringValue = '' } = attribute;
  if (DataType === 'Number' || DataType.startsWith('Number.')) return [Number(StringValue)];
  if (DataType === 'String.Array') {
    try {
      const parsed: unknown = JSON.parse(StringValue);
      if (Array.isArray(parsed)) return parsed.filter(isScalar);
    } catch {
      // a String.Array that is no JSON is taken as the string it is
    }
    return [StringValue];
  }
  // Policies do not see binary values (subscription-filter-policy-constraints).
  if (DataType.startsWith('Binary')) return [undefined];
  return [StringValue];
}

const flatten = (value: unknown): Scalar[] =>
  Array.isArray(value) ? value.flatMap(flatten) : isScalar(value) ? [value] : [];

type Lookup = (key: string) => { values: Scalar[]; objects: Lookup[] };

function objectLookup(object: Record<string, unknown>): Lookup {
  return key => {
    const value = Object.hasOwn(object, key) ? object[key] : undefined;
    const objects = (Array.isArray(value) ? value.flat(Infinity) : [value]).filter(isRecord).map(objectLookup);
    return { values: flatten(value), objects };
  };
}

const nothing: Lookup = () => ({ values: [undefined], objects: [] });

function matches(level: Level, lookup: Lookup): boolean {
  return (
    level.leaves.every(({ key, conditions }) => {
      const { values } = lookup(key);
      const offered = values.length > 0 ? values : [undefined];
      return conditions.some(condition => offered.some(condition));
    }) &&
    level.nested.every(({ key, level: inner }) => {
      const { objects } = lookup(key);
      return objects.length > 0 ? objects.some(object => matches(inner, object)) : matches(inner, nothing);
    }) &&
    level.alternatives.every(choices => choices.some(choice => matches(choice, lookup)))
  );
}

const isEmpty = ({ leaves, nested, alternatives }: Level): boolean =>
  leaves.length + nested.length + alternatives.length === 0;

/** Whether a published message passes. A body that is no JSON object passes no body filter. */
export function passes(policy: FilterPolicy, attributes: ReadonlyMap<string, AttributeValue>, body: string): boolean {
  if (policy.scope === 'MessageAttributes') {
    // Not even "exists": false is met by a message without attributes (attribute-key-matching).
    if (attributes.size === 0) return isEmpty(policy.root);
    return matches(policy.root, key => ({ values: attributeValues(attributes.get(key)), objects: [] }));
  }
  try {
    const parsed: unknown = JSON.parse(body);
    return isRecord(parsed) && matches(policy.root, objectLookup(parsed));
  } catch {
    return false;
  }
}
