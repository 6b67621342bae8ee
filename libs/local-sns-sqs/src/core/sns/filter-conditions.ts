import { BlockList, isIP } from 'node:net';
import { isRecord } from '../input.js';

/** A value as a filter sees it; undefined stands for an absent key. */
export type Scalar = string | number | boolean | null | undefined;
export type Condition = (value: Scalar) => boolean;

export class FilterPolicyProblem extends Error {}

const COMPARISONS: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  '=': (left, right) => left === right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
};

function requireString(operator: string, operand: unknown): string {
  if (typeof operand === 'string') return operand;
  throw new FilterPolicyProblem(`${operator} match pattern must be a string`);
}

const onStrings =
  (test: (value: string) => boolean): Condition =>
  value =>
    typeof value === 'string' && test(value);

function numeric(operand: unknown): Condition {
  if (!Array.isArray(operand) || operand.length === 0 || operand.length % 2 !== 0 || operand.length > 4) {
    throw new FilterPolicyProblem('Value of numeric must be an array of one or two operators, each with a number');
  }
  const tests: Array<(value: number) => boolean> = [];
  for (let index = 0; index < operand.length; index += 2) {
    const compare = typeof operand[index] === 'string' ? COMPARISONS[operand[index] as string] : undefined;
    const bound: unknown = operand[index + 1];
    if (!compare) throw new FilterPolicyProblem(`Unrecognized numeric range operator: ${String(operand[index])}`);
    if (typeof bound !== 'number') throw new FilterPolicyProblem(`Value of ${String(operand[index])} must be numeric`);
    tests.push(value => compare(value, bound));
  }
  if (operand.length === 4) {
    const [low, from, high, to] = operand as [string, number, string, number];
    if (!low.startsWith('>') || !high.startsWith('<')) throw new FilterPolicyProblem('Bad numeric range operator');
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
  const refused = new Set<unknown>(values);
  return value => value !== undefined && !refused.has(value);
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
    return value => (value !== undefined) === operand;
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
  wildcard: operand => {
    const parts = requireString('wildcard', operand)
      .split('*')
      .map(part => part.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`));
    const pattern = new RegExp(`^${parts.join('.*')}$`, 's');
    return onStrings(value => pattern.test(value));
  },
};

function matcher(rule: Record<string, unknown>, allowed: readonly string[] = Object.keys(OPERATORS)): Condition {
  const entries = Object.entries(rule);
  if (entries.length !== 1) throw new FilterPolicyProblem('Only one key allowed in match expression');
  const [[operator, operand]] = entries;
  if (!allowed.includes(operator)) throw new FilterPolicyProblem(`Unrecognized match type ${operator}`);
  return OPERATORS[operator](operand);
}

/** One rule of a list: a value to equal, or an operator with its operand. */
export function parseCondition(rule: unknown): Condition {
  if (isRecord(rule)) return matcher(rule);
  if (rule === null || ['string', 'number', 'boolean'].includes(typeof rule)) return value => value === rule;
  throw new FilterPolicyProblem('Match value must be String, number, true, false, or null');
}

/** Whether a rule is met by a key that is absent. */
export const acceptsAbsence = (condition: Condition): boolean => condition(undefined);
