import type { Attributes } from '../interfaces/control-plane.interface.js';
import { canonicalJson } from './canonical-json.js';
import { filterPolicyOf, isExpressible, MAX_CONDITIONS } from './filter-policy.js';

const NO_FILTER = '{}';

/** What a subscription's filter lets through. */
type Filter =
  | { kind: 'everything' }
  /** The types that one of these conditions means; `narrowed` when other keys must match besides. */
  | { kind: 'types'; conditions: unknown[]; narrowed: boolean }
  /** Something, but types alone do not tell what. */
  | { kind: 'unreadable' };

function read(policy: string | undefined, scope: string | undefined): Filter {
  let parsed: unknown;
  try {
    parsed = JSON.parse(policy || NO_FILTER);
  } catch {
    return { kind: 'unreadable' };
  }
  if (typeof parsed !== 'object' || parsed === null) return { kind: 'unreadable' };
  const { type, ...others } = parsed as { type?: unknown };
  const narrowed = Object.keys(others).length > 0;
  if (type === undefined && !narrowed) return { kind: 'everything' };
  if (scope === 'MessageBody' || !Array.isArray(type)) return { kind: 'unreadable' };
  return { kind: 'types', conditions: type, narrowed };
}

const filterOf = (attributes: Attributes): Filter => read(attributes['FilterPolicy'], attributes['FilterPolicyScope']);

/** A prefix or suffix condition's text; undefined for any other condition. */
function affix(condition: unknown, key: 'prefix' | 'suffix'): string | undefined {
  if (typeof condition !== 'object' || condition === null || Object.keys(condition).length !== 1) return undefined;
  const text = (condition as Record<string, unknown>)[key];
  return typeof text === 'string' ? text : undefined;
}

/** Whether `wide` surely lets through all that `narrow` does. */
function covers(wide: unknown, narrow: unknown): boolean {
  const begins = affix(wide, 'prefix');
  const ends = affix(wide, 'suffix');
  if (begins !== undefined) return (affix(narrow, 'prefix') ?? plain(narrow))?.startsWith(begins) ?? false;
  if (ends !== undefined) return (affix(narrow, 'suffix') ?? plain(narrow))?.endsWith(ends) ?? false;
  return canonicalJson(wide) === canonicalJson(narrow);
}

const plain = (condition: unknown): string | undefined => (typeof condition === 'string' ? condition : undefined);

const uncovered = (conditions: readonly unknown[], by: readonly unknown[]): unknown[] =>
  conditions.filter(narrow => !by.some(wide => covers(wide, narrow)));

/** Whether a filter that was found lets all that through which `wanted`, one of our own filters, does. */
export function letsThrough(found: string, wanted: string, all: Attributes): boolean {
  const filter = read(found, all['FilterPolicyScope']);
  const needed = read(wanted, undefined);
  if (filter.kind === 'everything') return true;
  if (filter.kind === 'unreadable' || filter.narrowed || needed.kind !== 'types') return false;
  return uncovered(needed.conditions, filter.conditions).length === 0;
}

/**
 * The narrowest filter that lets through what either does. Keys beside `type` are left out, since they would hold back
 * types that are wanted; conditions on `type` that are not ours are kept as they are. A filter that cannot be read, on
 * the body or without `type`, or of more than 150 conditions, becomes no filter at all.
 */
export function uniteFilters(found: string, wanted: string, all: Attributes): string {
  const filter = read(found, all['FilterPolicyScope']);
  const needed = read(wanted, undefined);
  if (filter.kind !== 'types' || needed.kind !== 'types') return NO_FILTER;
  const type = [...filter.conditions, ...uncovered(needed.conditions, filter.conditions)];
  return type.length > MAX_CONDITIONS ? NO_FILTER : JSON.stringify({ type });
}

const EVERY_TYPE = 'every type';

const textOf = (condition: unknown): string => {
  const [begins, ends] = [affix(condition, 'prefix'), affix(condition, 'suffix')];
  if (begins !== undefined) return `${begins}*`;
  if (ends !== undefined) return `*${ends}`;
  return plain(condition) ?? JSON.stringify(condition);
};

/** What a subscription lets through beyond what these patterns ask SNS for, for a person to read. */
export function letsThroughBeside(attributes: Attributes, patterns: readonly string[]): string[] {
  const filter = filterOf(attributes);
  const ours = read(filterPolicyOf(patterns), undefined);
  if (ours.kind !== 'types') return [];
  return filter.kind === 'types' ? uncovered(filter.conditions, ours.conditions).map(textOf) : [EVERY_TYPE];
}

/** True: types may come through that none of these patterns means. */
export function isLooserThan(attributes: Attributes, patterns: readonly string[]): boolean {
  const filter = filterOf(attributes);
  // One pattern at a time: many are no reason to be inexact here.
  const exact = patterns.filter(pattern => isExpressible([pattern]));
  const meant = exact.map(pattern => read(filterPolicyOf([pattern]), undefined));
  if (meant.some(({ kind }) => kind === 'everything')) return false;
  if (filter.kind !== 'types') return true;
  const conditions = meant.flatMap(each => (each.kind === 'types' ? each.conditions : []));
  return uncovered(filter.conditions, conditions).length > 0;
}
