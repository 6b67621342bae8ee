import type { Attributes, Tags } from '../interfaces/control-plane.interface.js';
import type { FullName, QueueUrl } from '../interfaces/names.interface.js';
import { queueAttributes } from './attribute-rules.js';
import { call, mapInParallel, topicArnInSameAccount, type ControlPlanes } from './control-planes.js';
import { textOf, type Difference } from './differences.js';
import { letsThroughBeside } from './filter-union.js';
import { deadLetterQueue, isArnOfTopic, nameOfUrl, withoutPrefix } from './names.js';
import { admittedTopics, recordedSubscriptions } from './queue-policy.js';
import { otherOwner } from './queue-owner.js';
import { QUEUE_TAGS } from './queue-tags.js';
import { topologyOf } from './topology-of.js';
import type { ServiceDocument } from './topology-document.js';
import type { ProvisionedQueue, QueueSpec } from './topology.model.js';
import { compareTopology } from './verify-topology.js';

/** One thing that is not as the topology says. */
export interface Finding {
  /**
   * `missing`, `differs`: `create` makes or raises it. `owner`: the queue is another service's. `orphan`: nothing of the
   * app uses it any more; `prune` removes it. `on-use`: a client with `create` makes it when it is used for the first
   * time. `danger`: whoever makes the account equal to the topology loses something.
   */
  kind: 'missing' | 'differs' | 'owner' | 'orphan' | 'on-use' | 'danger';
  resource: string;
  attribute?: string;
  wanted?: string;
  found?: string;
  /** For a person. */
  text: string;
}

export interface Examination {
  findings: Finding[];
  /** Full names of queues that no handler takes from, dead letter queues among them. */
  orphans: FullName[];
}

/** Queues whose names begin with a prefix, by name. Undefined: this process may not list. */
export type ListQueues = (prefix: string) => Promise<QueueUrl[] | undefined>;

/** Looks at everything that concerns a service, and changes nothing, tags included. */
export async function examineAccount(
  service: ServiceDocument,
  planes: ControlPlanes,
  listQueues: ListQueues,
): Promise<Examination> {
  const owner = new OwnerCheck(service, planes);
  const topology = topologyOf(service);
  const { queues, differences } = await compareTopology(topology, planes, owner);
  const found: Finding[] = [...differences.map(findingOf), ...owner.findings];
  for (const spec of topology.queues) {
    const queue = queues.find(({ name }) => name === spec.name);
    if (queue) found.push(...(await dangersOf(spec, queue, planes)));
  }
  const orphans = await orphansOf(service, planes, listQueues);
  return { findings: [...found, ...orphans.findings], orphans: orphans.names };
}

const findingOf = (difference: Difference): Finding => {
  const { resource, attribute, wanted, found } = difference;
  return attribute === 'existence'
    ? { kind: 'missing', resource, text: textOf(difference) }
    : { kind: 'differs', resource, attribute, wanted, ...(found !== undefined && { found }), text: textOf(difference) };
};

/** Reads tags where the start of a server would also write them. */
class OwnerCheck {
  readonly findings: Finding[] = [];

  constructor(
    private readonly service: Pick<ServiceDocument, 'service' | 'formerly'>,
    private readonly planes: ControlPlanes,
  ) {}

  async keep({ name }: QueueSpec, url: string): Promise<Tags | undefined> {
    const tags = await tagsOf(name, url, this.planes);
    const owner = tags && otherOwner(tags, this.service);
    if (owner !== undefined) {
      this.findings.push({
        kind: 'owner',
        resource: name,
        attribute: QUEUE_TAGS.service,
        wanted: this.service.service,
        found: owner,
        text: `${name} belongs to the service ${owner}`,
      });
    }
    return tags;
  }
}

/** Undefined: this process may not read them. */
async function tagsOf(name: string, url: string, planes: ControlPlanes): Promise<Tags | undefined> {
  try {
    return await call(planes, 'ListQueueTags', name, () => planes.sqs.listQueueTags(url));
  } catch {
    return undefined;
  }
}

const MESSAGES = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
];
export const messagesIn = (attributes: Attributes): number =>
  MESSAGES.reduce((sum, name) => sum + Number(attributes[name] ?? 0), 0);

/** What a template that knows only this version would take away, and what is subscribed beside it. */
async function dangersOf(spec: QueueSpec, queue: ProvisionedQueue, planes: ControlPlanes): Promise<Finding[]> {
  const attributes = await call(planes, 'GetQueueAttributes', spec.name, () =>
    planes.sqs.getQueueAttributes(queue.url),
  );
  const danger = (attribute: string, wanted: string, found: string, text: string): Finding => ({
    kind: 'danger',
    resource: spec.name,
    attribute,
    wanted,
    found,
    text: `${spec.name}: ${text}`,
  });
  const findings: Finding[] = [];
  const wanted = queueAttributes(spec, '');
  for (const name of ['MessageRetentionPeriod', 'VisibilityTimeout'] as const) {
    const [found, target] = [attributes[name], wanted[name]];
    if (Number(found) <= Number(target)) continue;
    const loses = name === 'MessageRetentionPeriod' ? '; SQS deletes the older messages at once' : '';
    findings.push(danger(name, target, found, `${name} would be cut from ${found} to ${target} s${loses}`));
  }
  for (const found of queue.subscriptions ?? []) {
    // One that is missing is not among them.
    const subscription = spec.subscriptions.find(({ topic }) => isArnOfTopic(found['TopicArn'] ?? '', topic));
    if (!subscription) continue;
    const { topic, types } = subscription;
    const beside = letsThroughBeside(found, types);
    if (beside.length === 0) continue;
    const text = `the filter on ${topic} would be narrowed: it lets through ${beside.join(', ')}, which another version may need`;
    findings.push(danger('FilterPolicy', types.join(', '), beside.join(', '), text));
  }
  const arn = attributes['QueueArn'] ?? '';
  const topics = spec.subscriptions.map(({ topic }) => topicArnInSameAccount(arn, topic));
  const recorded = recordedSubscriptions(attributes['Policy'], attributes['QueueArn']);
  for (const topic of admittedTopics(attributes['Policy'])) {
    if (topics.includes(topic)) continue;
    const id = recorded.get(topic);
    const resource = `subscription of ${spec.name} to ${topic}`;
    const text = `${resource}: no handler takes from this topic any more`;
    findings.push({ kind: 'orphan', resource, ...(id !== undefined && { found: `${topic}:${id}` }), text });
  }
  for (const name of spec.formerly) findings.push(...(await messagesUnder(name, spec.name, planes)));
  return findings;
}

async function messagesUnder(name: FullName, now: FullName, planes: ControlPlanes): Promise<Finding[]> {
  const url = await call(planes, 'GetQueueUrl', name, () => planes.sqs.getQueueUrl(name));
  if (url === undefined) return [];
  const count = messagesIn(await call(planes, 'GetQueueAttributes', name, () => planes.sqs.getQueueAttributes(url)));
  if (count === 0) return [];
  const text = `${name}, a former name of ${now}, has ${count} messages in it: do not delete it before it is empty`;
  return [{ kind: 'danger', resource: name, attribute: 'messages', found: String(count), text }];
}

const REPLIES = /-replies-/;

/** Queues whose tags name this service and this environment, and that it does not use; each with its dead letter queue. */
async function orphansOf(
  { service, prefix, queues, formerly: formerServices }: ServiceDocument,
  planes: ControlPlanes,
  listQueues: ListQueues,
): Promise<{ names: FullName[]; findings: Finding[] }> {
  const urls = await listQueues(prefix);
  if (urls === undefined) {
    planes.logger.warn('Without the right to sqs:ListQueues, orphans are not found.');
    return { names: [], findings: [] };
  }
  const urlOf = new Map(urls.map(url => [nameOfUrl(url), url]));
  const used = new Set(queues.flatMap(({ name, formerly }) => [name, ...formerly]));
  const names = new Set<FullName>();
  const findings: Finding[] = [];
  const candidates = [...urlOf.keys()].filter(name => !used.has(name) && !REPLIES.test(name)).toSorted();
  await mapInParallel(candidates, async name => {
    const tags = await tagsOf(name, urlOf.get(name) ?? '', planes);
    const owner = tags?.[QUEUE_TAGS.service];
    // The names of another environment may begin with this one's prefix, `dev-blue-` with `dev-`, and any with none.
    if (tags?.[QUEUE_TAGS.useCase] !== withoutPrefix(prefix, name)) return;
    if (owner !== undefined && (owner === service || formerServices.includes(owner))) names.add(name);
  });
  for (const name of [...names].toSorted()) {
    for (const each of [name, deadLetterQueue(name)]) {
      const url = urlOf.get(each);
      if (url === undefined) continue;
      names.add(each);
      const attributes = await call(planes, 'GetQueueAttributes', each, () => planes.sqs.getQueueAttributes(url));
      const count = messagesIn(attributes);
      findings.push({
        kind: 'orphan',
        resource: each,
        text: `${each}: no handler of ${service} takes from it; ${count === 0 ? 'it is empty' : `it has ${count} messages in it`}`,
      });
    }
  }
  return { names: [...names].toSorted(), findings };
}
