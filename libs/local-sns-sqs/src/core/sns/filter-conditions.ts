import { BlockList, isIP } from 'node:net';
import { isRecord } from '../input.js';

/** A value as a filter sees it; undefined stands for an absent key. */
export type Scalar = string | number | boolean | null | undefined;
export type Condition = (value: Scalar) => boolean;

export class FilterPolicyProblem extends Error {}

type Comparison = (left: number, right: number) => boolean;

const COMPARISONS: ReadonlyMap<unknown, Comparison> = new Map<string, Comparison>([
  ['=', (left, right) => left === right],
  ['<', (left, right) => left < right],
  ['<=', (left, right) => left <= right],
  ['>', (left, right) => left > right],
  ['>=', (left, right) => left >= right],
]);

function requireString(operator: string, operand: unknown): string {
  if (typeof operand === 'string') return operand;
  throw new FilterPolicyProblem(`${operator} match pattern must be a string`);
}

/** Numbers of policies are within ±10⁹ (subscription-filter-policy-constraints). */
const LARGEST_NUMBER = 1e9;

/** Five digits after the decimal point count (subscription-filter-policy-constraints). */
const toFiveDecimals = (value: number): number => Math.round(value * 1e5);

const onStrings =
  (test: (value: string) => boolean): Condition =>
  value =>
    typeof value === 'string' && test(value);

function numeric(operand: unknown): Condition {
  if (!Array.isArray(operand) || operand.length === 0 || typeof operand[0] !== 'string') {
    const member = Array.isArray(operand) ? (operand[0] ?? ']') : operand;
    throw new FilterPolicyProblem(`Invalid member in numeric match: ${String(member)}`);
  }
  if (operand.length > 4) throw new FilterPolicyProblem('Too many terms in numeric range expression');
  const tests: Array<(value: number) => boolean> = [];
  for (let index = 0; index < operand.length; index += 2) {
    const operator: unknown = operand[index];
    const bound: unknown = operand[index + 1];
    const compare = COMPARISONS.get(operator);
    if (index > 0 && !(typeof operator === 'string' && operator.startsWith('<') && compare)) {
      throw new FilterPolicyProblem(`Bad numeric range operator: ${String(operator)}`);
    }
    if (!compare) throw new FilterPolicyProblem(`Unrecognized numeric range operator: ${String(operator)}`);
    if (typeof bound !== 'number' || Math.abs(bound) > LARGEST_NUMBER) {
      throw new FilterPolicyProblem(`Value of ${operator === '=' ? 'equals' : String(operator)} must be numeric`);
    }
    const exact = toFiveDecimals(bound);
    tests.push(value => compare(toFiveDecimals(value), exact));
  }
  if (operand.length > 2) {
    const [low, from, , to] = operand as [string, number, string, number];
    if (!low.startsWith('>')) throw new FilterPolicyProblem('Too many elements in numeric expression');
    if (from >= to) throw new FilterPolicyProblem('Bottom must be less than top');
  }
  return value => typeof value === 'number' && tests.every(test => test(value));
}

function anythingBut(operand: unknown): Condition {
  if (isRecord(operand)) {
    const inner = matcher(operand, ['prefix', 'suffix', 'equals-ignore-case', 'wildcard']);
    return value => value !== undefined && !inner(value);
  }
  const values: unknown[] = Array.isArray(operand) ? operand : [operand];
  if (values.length === 0 || !values.every(value => typeof value === 'string' || typeof value === 'number')) {
    throw new FilterPolicyProblem('Value of anything-but must be a string, a number or a non-empty list of them');
  }
  const refused = values.map(equals);
  return value => value !== undefined && !refused.some(isSame => isSame(value));
}

const MAX_WILDCARDS = 3;
const WILDCARD = /\*/g;

/** `*` stands for any text, `\*` and `\\` for themselves (string-value-matching, subscription-filter-policy-constraints). */
function wildcard(operand: unknown): Condition {
  const text = requireString('wildcard', operand);
  const parts = text.match(/\\[\s\S]|[\s\S]/gu) ?? [];
  let pattern = '';
  let position = 0;
  for (const [index, part] of parts.entries()) {
    if (part === '*' && parts[index + 1] === '*') {
      throw new FilterPolicyProblem(`Consecutive wildcard characters at pos ${position}`);
    }
    if (part.startsWith('\\') && part !== '\\*' && part !== '\\\\') {
      throw new FilterPolicyProblem(`Invalid escape character at pos ${position}`);
    }
    pattern += part === '*' ? '.*' : part.slice(-1).replace(/[\\^$.*+?()[\]{}|]/, String.raw`\$&`);
    position += part.length;
  }
  const wildcards = parts.filter(part => part === '*').length;
  if (wildcards > MAX_WILDCARDS) {
    throw new FilterPolicyProblem(`A pattern can not have more than ${MAX_WILDCARDS} wildcards`);
  }
  const matching = new RegExp(`^${pattern}$`, 'su');
  return onStrings(value => matching.test(value));
}

/**
 * The points of a rule's wildcards: 1 for a pattern with one wildcard, 3 for a pattern with more. The page limits the
 * points of a policy. It does not say how they add up; here they make a sum.
 */
export function wildcardPoints(rule: unknown): number {
  if (!isRecord(rule)) return 0;
  const { wildcard: pattern } = isRecord(rule['anything-but']) ? rule['anything-but'] : rule;
  if (typeof pattern !== 'string') return 0;
  const wildcards = pattern.replace(/\\./gs, '').match(WILDCARD)?.length ?? 0;
  return wildcards > 1 ? 3 : wildcards;
}

function cidr(operand: unknown): Condition {
  const [address, bits] = requireString('cidr', operand).split('/');
  const family = isIP(address);
  if (family === 0 || !/^\d{1,3}$/.test(bits ?? '') || Number(bits) > (family === 4 ? 32 : 128)) {
    throw new FilterPolicyProblem('Malformed CIDR, one or two numbers and a slash are required');
  }
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const range = new BlockList();
  range.addSubnet(address, Number(bits), type);
  return onStrings(value => isIP(value) === family && range.check(value, type));
}

const OPERATORS: Readonly<Record<string, (operand: unknown) => Condition>> = {
  'anything-but': anythingBut,
  cidr,
  'equals-ignore-case': operand => {
    const wanted = requireString('equals-ignore-case', operand).toLowerCase();
    return onStrings(value => value.toLowerCase() === wanted);
  },
  exists: operand => {
    if (typeof operand !== 'boolean')
      throw new FilterPolicyProblem('exists match pattern must be either true or false.');
    // Present is what has a value that is neither null nor empty (attribute-key-matching).
    return operand ? value => value !== undefined && value !== null && value !== '' : value => value === undefined;
  },
  numeric,
  prefix: operand => {
    const wanted = requireString('prefix', operand);
    return onStrings(value => value.startsWith(wanted));
  },
  suffix: operand => {
    const wanted = requireString('suffix', operand);
    return onStrings(value => value.endsWith(wanted));
  },
  wildcard,
};

function matcher(rule: Record<string, unknown>, allowed: readonly string[] = Object.keys(OPERATORS)): Condition {
  const entries = Object.entries(rule);
  if (entries.length !== 1) throw new FilterPolicyProblem('Only one key allowed in match expression');
  const [[operator, operand]] = entries;
  if (!allowed.includes(operator)) throw new FilterPolicyProblem(`Unrecognized match type ${operator}`);
  return OPERATORS[operator](operand);
}

/** Numbers are equal up to their fifth decimal. */
function equals(wanted: unknown): Condition {
  if (typeof wanted !== 'number') return value => value === wanted;
  const exact = toFiveDecimals(wanted);
  return value => typeof value === 'number' && toFiveDecimals(value) === exact;
}

/** One rule of a list: a value to equal, or an operator with its operand. */
export function parseCondition(rule: unknown): Condition {
  if (isRecord(rule)) return matcher(rule);
  if (rule === null || ['string', 'number', 'boolean'].includes(typeof rule)) return equals(rule);
  throw new FilterPolicyProblem('Match value must be String, number, true, false, or null');
}
