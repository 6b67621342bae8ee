import { isRecord } from '../input.js';
import type { AttributeValue } from '../message-attributes.js';
import { type Lookup, bodyLookup, isScalar } from './filter-body.js';
import {
  type Condition,
  FilterPolicyProblem,
  type Scalar,
  parseCondition,
  wildcardPoints,
} from './filter-conditions.js';

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

const MAX_KEYS = 5;
const MAX_COMBINATIONS = 150;
const MAX_BYTES = 262_144;
const MAX_WILDCARD_POINTS = 100;

interface Complexity {
  keys: Set<string>;
  combinations: number;
  wildcardPoints: number;
}

const emptyLevel = (): Level => ({ leaves: [], nested: [], alternatives: [] });

/** The level under a key, which two rules may share: `a.b` and `a.c` speak of one object. */
function levelUnder(level: Level, key: string): Level {
  const existing = level.nested.find(each => each.key === key);
  if (existing) return existing.level;
  const inner = emptyLevel();
  level.nested.push({ key, level: inner });
  return inner;
}

const isOr = (key: string, value: unknown): value is Array<Record<string, unknown>> =>
  key === '$or' &&
  Array.isArray(value) &&
  value.length >= 2 &&
  value.every(item => isRecord(item) && Object.keys(item).length > 0);

function readRules(
  level: Level,
  rules: Record<string, unknown>,
  scope: FilterScope,
  path: string,
  depth: number,
  found: Complexity,
): void {
  if (depth > MAX_COMBINATIONS) throw new FilterPolicyProblem('Filter policy is too complex');
  for (const [key, value] of Object.entries(rules)) {
    const here = `${path}.${key}`;
    const dot = scope === 'MessageBody' ? key.indexOf('.') : -1;
    if (isOr(key, value)) {
      let sum = 0;
      level.alternatives.push(
        value.map(item => {
          const part: Complexity = { keys: found.keys, combinations: 1, wildcardPoints: 0 };
          const choice = emptyLevel();
          readRules(choice, item, scope, path, depth, part);
          sum += part.combinations;
          found.wildcardPoints += part.wildcardPoints;
          return choice;
        }),
      );
      found.combinations *= sum;
    } else if (dot >= 0) {
      // A dotted key is a path: it is the same rule as the nested one (recorded).
      const [head, rest] = [key.slice(0, dot), key.slice(dot + 1)];
      readRules(levelUnder(level, head), { [rest]: value }, scope, `${path}.${head}`, depth + 1, found);
    } else if (Array.isArray(value)) {
      if (value.length === 0) throw new FilterPolicyProblem('Empty arrays are not allowed');
      level.leaves.push({ key, conditions: value.map(parseCondition) });
      found.keys.add(here);
      found.combinations *= value.length * (scope === 'MessageBody' ? depth : 1);
      for (const rule of value) found.wildcardPoints += wildcardPoints(rule);
    } else if (isRecord(value)) {
      if (scope === 'MessageAttributes') {
        throw new FilterPolicyProblem('Filter policy scope MessageAttributes does not support nested filter policy');
      }
      readRules(levelUnder(level, key), value, scope, here, depth + 1, found);
    } else {
      throw new FilterPolicyProblem(`"${key}" must be an object or an array`);
    }
  }
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
  if (Buffer.byteLength(text) > MAX_BYTES) throw new FilterPolicyProblem('Filter policy can not be longer than 256 KB');
  const found: Complexity = { keys: new Set(), combinations: 1, wildcardPoints: 0 };
  const root = emptyLevel();
  readRules(root, rules, scope, '', 1, found);
  if (found.keys.size > MAX_KEYS) throw new FilterPolicyProblem('Filter policy can not have more than 5 keys');
  if (found.combinations > MAX_COMBINATIONS) throw new FilterPolicyProblem('Filter policy is too complex');
  if (found.wildcardPoints > MAX_WILDCARD_POINTS) throw new FilterPolicyProblem('Filter policy has too many wildcards');
  return { scope, root };
}

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
    return isRecord(parsed) && matches(policy.root, bodyLookup(parsed));
  } catch {
    return false;
  }
}
