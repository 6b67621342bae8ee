import type { Attributes } from '../interfaces/control-plane.interface.js';
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

/** What AWS means when it leaves an attribute out. */
const DEFAULTS: Attributes = {
  FilterPolicy: '{}',
  FilterPolicyScope: 'MessageAttributes',
  RawMessageDelivery: 'false',
};

/** A byQueue permission may name other queues beside ours. */
function allowsRedrive(wanted: string, found: string): boolean {
  const allowed = JSON.parse(found) as { redrivePermission?: string; sourceQueueArns?: string[] };
  const { sourceQueueArns } = JSON.parse(wanted) as { sourceQueueArns: string[] };
  return (
    allowed.redrivePermission === 'byQueue' &&
    sourceQueueArns.every(arn => allowed.sourceQueueArns?.includes(arn) ?? false)
  );
}

function isSame(attribute: string, wanted: string, found: string | undefined, all: Attributes): boolean {
  // A key of the team's own in KMS is better than what we ask for.
  if (attribute === 'SqsManagedSseEnabled' && all['KmsMasterKeyId']) return true;
  if (found === undefined) return DEFAULTS[attribute] === wanted;
  if (attribute === 'RedriveAllowPolicy') return allowsRedrive(wanted, found);
  return sameJson(wanted, found);
}

/** The wanted attributes that are found otherwise; what is not wanted is not ours and not looked at. */
export function differencesOf(resource: string, wanted: Attributes, found: Attributes): Difference[] {
  return Object.entries(wanted)
    .filter(([attribute, value]) => !isSame(attribute, value, found[attribute], found))
    .map(([attribute, value]) => ({ resource, attribute, wanted: value, found: found[attribute] }));
}

/** The attributes to set so that the differences are no more. */
export const toSet = (differences: readonly Difference[]): Attributes =>
  Object.fromEntries(differences.map(({ attribute, wanted }) => [attribute, wanted]));
