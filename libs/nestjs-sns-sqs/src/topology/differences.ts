import type { Attributes } from '../interfaces/control-plane.interface.js';
import { ATTRIBUTE_RULES } from './attribute-rules.js';
import { sameJson } from './canonical-json.js';

/** One thing that is not as the handlers need it. */
export interface Difference {
  resource: string;
  attribute: string;
  wanted: string;
  found: string | undefined;
}

export const missing = (resource: string): Difference => ({
  resource,
  attribute: 'existence',
  wanted: 'exists',
  found: 'missing',
});

export const textOf = ({ resource, attribute, wanted, found }: Difference): string =>
  attribute === 'existence'
    ? `${resource} is missing`
    : `${resource}: ${attribute}: wanted ${wanted}, found ${found ?? 'nothing'}`;

/**
 * The wanted attributes that are found otherwise and are not enough; what is not wanted is not ours and not looked at.
 * `wanted` of a difference keeps what was found as far as it can.
 */
export function differencesOf(resource: string, wanted: Attributes, found: Attributes): Difference[] {
  return Object.entries(wanted).flatMap(([attribute, value]) => {
    const { absent, isAtLeast = sameJson, merge } = ATTRIBUTE_RULES[attribute] ?? {};
    const current = found[attribute] ?? absent;
    // One that is not there may still not be needed, by another attribute.
    if (isAtLeast(current ?? '', value, found)) return [];
    const target = current === undefined || !merge ? value : merge(current, value, found);
    return [{ resource, attribute, wanted: target, found: found[attribute] }];
  });
}

/** The attributes to set so that the differences are no more. */
export const toSet = (differences: readonly Difference[]): Attributes =>
  Object.fromEntries(differences.map(({ attribute, wanted }) => [attribute, wanted]));
