import { docsPage } from '../errors/docs-page.js';
import type { Attributes, KeyLook } from '../interfaces/control-plane.interface.js';
import type { ControlPlanes } from './control-planes.js';
import type { QueueSpec } from './topology.model.js';

/** What SNS does with the key of an encrypted queue (sns-enable-encryption-for-topic-sqs-queue-subscriptions). */
const NEEDED = ['kms:GenerateDataKey', 'kms:Decrypt'];
const SNS = 'sns.amazonaws.com';

interface Statement {
  Effect?: string;
  Principal?: unknown;
  Action?: string | string[];
}

const list = <T>(value: T | T[] | undefined): T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

function isForSns(principal: unknown): boolean {
  if (principal === '*') return true;
  if (typeof principal !== 'object' || principal === null) return false;
  const { Service, AWS } = principal as { Service?: string | string[]; AWS?: string | string[] };
  return list(Service).includes(SNS) || list(AWS).includes('*');
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const covers = (pattern: string, action: string): boolean =>
  new RegExp(`^${pattern.split('*').map(escaped).join('.*')}$`, 'i').test(action);

/** The actions that a key's policy does not allow SNS. Conditions are not looked at. Pure; throws for what is no policy. */
export function shutOutOfKey(policy: string): string[] {
  const statements = list((JSON.parse(policy) as { Statement?: Statement | Statement[] }).Statement);
  const allowed = statements
    .filter(({ Effect, Principal }) => Effect === 'Allow' && isForSns(Principal))
    .flatMap(({ Action }) => list(Action));
  return NEEDED.filter(action => !allowed.some(pattern => covers(pattern, action)));
}

/** Why SNS cannot deliver to a queue with this key; undefined: nothing was found. Throws for what is no policy. */
export function keyProblem({ isEnabled, policy }: KeyLook): string | undefined {
  if (!isEnabled) return 'is not enabled';
  const missing = policy === undefined ? [] : shutOutOfKey(policy);
  return missing.length === 0 ? undefined : `has a policy that does not let ${SNS} call ${missing.join(' and ')}`;
}

/** AWS's own keys have policies that nobody can change. */
const isCustomers = (keyId: string): boolean => !keyId.includes('alias/aws/');

/** The customer keys of queues that topics deliver to, with the first queue of each. */
export function keysOf(queues: ReadonlyArray<{ spec: QueueSpec; attributes: Attributes }>): Map<string, string> {
  const keys = new Map<string, string>();
  for (const { spec, attributes } of queues) {
    const keyId = attributes['KmsMasterKeyId'] ?? spec.kmsKeyId;
    if (spec.subscriptions.length === 0 || !keyId || !isCustomers(keyId) || keys.has(keyId)) continue;
    keys.set(keyId, spec.name);
  }
  return keys;
}

/** Warns of keys that keep SNS out: the publisher does not notice that events reach no queue. A customer key that cannot be seen is let be. */
export async function warnOfKeys(
  queues: ReadonlyArray<{ spec: QueueSpec; attributes: Attributes }>,
  { keys, logger }: Pick<ControlPlanes, 'keys' | 'logger'>,
): Promise<void> {
  for (const { spec, attributes } of queues) {
    const keyId = attributes['KmsMasterKeyId'] ?? '';
    // One that the team names takes its place.
    if (spec.subscriptions.length === 0 || spec.kmsKeyId !== undefined || keyId === '' || isCustomers(keyId)) continue;
    logger.warn(
      `${spec.name} has the key ${keyId}. SNS cannot use a key of AWS itself, so no event reaches the queue. Remedy: SSE-SQS, or the option topology.kmsKeyId with a customer key.`,
    );
  }
  if (!keys) return;
  for (const [keyId, queue] of keysOf(queues)) {
    const problem = await keys
      .look(keyId)
      .then(keyProblem)
      .catch(() => undefined);
    if (problem === undefined) continue;
    logger.warn(
      `The key ${keyId} of ${queue} ${problem}. SNS cannot deliver events to queues with this key. Remedy: add the statement of ${docsPage('guides/encryption.md')} to the key's policy.`,
    );
  }
}
