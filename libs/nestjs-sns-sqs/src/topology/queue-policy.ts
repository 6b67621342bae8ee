import { canonicalJson } from './canonical-json.js';
import type { QueueArn, TopicArn } from '../interfaces/names.interface.js';

export const POLICY_SID = 'nestjs-sns-sqs';
/** Between the Sid and the ids of subscriptions in it. */
export const POLICY_SID_SEPARATOR = ':';
/** In the Sid, for a topic whose subscription's id is not known. */
const UNKNOWN = '-';

interface Statement {
  Sid?: string;
  Resource?: unknown;
  Condition?: { ArnEquals?: { 'aws:SourceArn'?: string | string[] } };
}

interface PolicyDocument {
  Version?: string;
  Statement?: Statement | Statement[];
}

function parse(policy: string | undefined): PolicyDocument {
  if (!policy) return {};
  return JSON.parse(policy) as PolicyDocument;
}

const list = <T>(value: T | T[] | undefined): T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

const isOurs = ({ Sid }: Statement): boolean =>
  Sid === POLICY_SID || (Sid?.startsWith(POLICY_SID + POLICY_SID_SEPARATOR) ?? false);

/** Subscription ids by topic ARN. A subscription's ARN is `<topic's ARN>:<id>`. */
export type SubscriptionIds = ReadonlyMap<string, string>;

/**
 * The one statement that lets SNS deliver, over TLS: all topics in one, since a policy has room for 20. Its Sid records the
 * subscriptions' ids in the order of the topics' ARNs, so that they are found again without a List call.
 */
function statementFor(queueArn: QueueArn, topicArns: readonly TopicArn[], ids: SubscriptionIds): Statement & object {
  const sorted = [...topicArns].sort();
  const known = sorted.map(arn => ids.get(arn));
  return {
    Sid: known.some(id => id !== undefined)
      ? [POLICY_SID, ...known.map(id => id ?? UNKNOWN)].join(POLICY_SID_SEPARATOR)
      : POLICY_SID,
    ...deliveryStatement<string>(queueArn, sorted),
  };
}

/** Without its Sid. The ARNs may be expressions of a template's language. */
export const deliveryStatement = <T>(queueArn: T, topicArns: T[]) => ({
  Effect: 'Allow',
  Principal: { Service: 'sns.amazonaws.com' },
  Action: 'sqs:SendMessage',
  Resource: queueArn,
  // `IfExists`: a service's own call need not carry the key, and a delivery that is denied is lost.
  Condition: { ArnEquals: { 'aws:SourceArn': topicArns }, BoolIfExists: { 'aws:SecureTransport': 'true' } },
});

/** The topics that our statement lets in. */
export function admittedTopics(policy: string | undefined): string[] {
  const ours = list(parse(policy).Statement).filter(isOurs);
  return [...new Set(ours.flatMap(({ Condition }) => list(Condition?.ArnEquals?.['aws:SourceArn'])))].toSorted();
}

/**
 * The subscriptions that our statement remembers. One that names another queue was copied from there, with settings or by a
 * template: its subscriptions are that queue's.
 */
export function recordedSubscriptions(policy: string | undefined, queueArn: string | undefined): SubscriptionIds {
  const [statement] = list(parse(policy).Statement).filter(isOurs);
  if (statement?.Resource !== queueArn) return new Map();
  const ids = statement?.Sid?.split(POLICY_SID_SEPARATOR).slice(1) ?? [];
  const topics = list(statement?.Condition?.ArnEquals?.['aws:SourceArn']).toSorted();
  if (ids.length !== topics.length) return new Map();
  const known = topics.map((arn, at) => [arn, ids[at] ?? UNKNOWN] as const);
  return new Map(known.filter(([, id]) => id !== UNKNOWN));
}

export interface PolicyPlan {
  /** The whole policy as it should be: ours and, untouched, those of others. */
  policy: string;
  wanted: string;
  found: string | undefined;
  /** Something that decides who may send is not as it should be. */
  differs: boolean;
  /** Only what the Sid remembers has changed. */
  remembersLess: boolean;
}

/**
 * Compares a queue's policy with one that lets these topics in beside those that it lets in already: another version may
 * need them. Without any of them nothing of ours is in it. `ids` replace what the Sid remembers.
 */
export function planPolicy(
  policy: string | undefined,
  queueArn: QueueArn,
  topicArns: readonly TopicArn[],
  ids: SubscriptionIds,
): PolicyPlan {
  const topics = [...new Set([...admittedTopics(policy), ...topicArns])];
  return policyWith(policy, queueArn, topics, new Map([...recordedSubscriptions(policy, queueArn), ...ids]));
}

/** Compares a queue's policy with one that lets in these topics and, of ours, no others. */
export function policyWith(
  policy: string | undefined,
  queueArn: QueueArn,
  topicArns: readonly TopicArn[],
  ids: SubscriptionIds,
): PolicyPlan {
  const document = parse(policy);
  const statements = list(document.Statement);
  const ours = statements.filter(isOurs);
  const wanted = topicArns.length > 0 ? [statementFor(queueArn, topicArns, ids)] : [];
  const withoutSid = (all: Statement[]): string =>
    canonicalJson(all.map(statement => ({ ...statement, Sid: undefined })));
  const differs = withoutSid(ours) !== withoutSid(wanted);
  const all = [...statements.filter(statement => !isOurs(statement)), ...wanted];
  return {
    // A policy has a statement at least; an empty text takes the policy away.
    policy: all.length === 0 ? '' : JSON.stringify({ Version: '2012-10-17', ...document, Statement: all }),
    wanted: JSON.stringify(wanted[0] ?? null),
    found: ours.length > 0 ? JSON.stringify(ours.length === 1 ? ours[0] : ours) : undefined,
    differs,
    remembersLess: !differs && ours[0]?.Sid !== wanted[0]?.Sid && wanted[0]?.Sid !== POLICY_SID,
  };
}
