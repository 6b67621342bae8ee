import { deadLetterQueueAttributes, queueAttributes } from '../attribute-rules.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { filterPolicyOf } from '../filter-policy.js';
import { domainEventsTopic, isArn, withoutPrefix, withPrefix } from '../names.js';
import { QUEUE_TAGS } from '../queue-tags.js';
import type { Attributes } from '../../interfaces/control-plane.interface.js';
import type { FullName } from '../../interfaces/names.interface.js';
import type { QueueDocument, ServiceDocument, SubscriptionDocument, TopologyDocument } from '../topology-document.js';
import { topicArnText } from './arn-texts.js';
import { DEFAULT_KMS_REUSE_SECONDS, type ExportOptions } from './export-options.js';
import { logicalId } from './logical-ids.js';
import type { Resources, RolePolicyResource, TopicResource } from './resources.model.js';
import { policiesOf, rolesOf, type Role } from './roles.js';

/** What the app asks for in its option `topology`, where the command says nothing else. */
export function withWishes({ services }: Pick<TopologyDocument, 'services'>, options: ExportOptions): ExportOptions {
  const wishes = services.find(({ topology }) => topology)?.topology ?? {};
  const { tags, kmsKeyId, kmsDataKeyReusePeriodSeconds, subscriptionDeadLetterQueues = true } = wishes;
  const isOwnKey = options.kmsKeyId === undefined;
  return {
    ...options,
    tags: { ...tags, ...options.tags },
    kmsKeyId: options.kmsKeyId ?? kmsKeyId,
    kmsDataKeyReuseSeconds: options.kmsDataKeyReuseSeconds ?? (isOwnKey ? kmsDataKeyReusePeriodSeconds : undefined),
    subscriptionDeadLetterQueues: options.subscriptionDeadLetterQueues ?? subscriptionDeadLetterQueues,
  };
}

/** The resources of a document. Pure; the same document and options always give the same. */
export function resourcesOf(document: TopologyDocument, given: ExportOptions = {}): Resources {
  const options = withWishes(document, given);
  const topics = topicsOf(document, options);
  const ids = new Map(topics.map(({ name, id }) => [name, id]));
  const resources: Resources = {
    topics,
    queues: [],
    subscriptions: [],
    policies: [],
    alarms: [],
    roles: [],
  };
  if (options.topics === 'only') return resources;
  if (options.policies !== false) resources.roles.push(...rolesOf(document, options).flatMap(rolePolicies));
  for (const service of document.services) {
    for (const queue of service.queues) addQueue(resources, { service, queue, ids, options });
  }
  assertIdsDiffer(resources);
  return resources;
}

/** A template has one resource for each id: the second would take the place of the first. */
function assertIdsDiffer({ topics, queues }: Resources): void {
  const names = new Map<string, FullName>();
  const alike = [...topics, ...queues].flatMap(({ id, name }) => {
    const first = names.get(id) ?? name;
    names.set(id, first);
    return first === name ? [] : [`${first} and ${name} (${id})`];
  });
  if (alike.length === 0) return;
  throw new SnsSqsError('INVALID_NAME', {
    problem: `These names have the same identifier in a template: ${alike.join('; ')}`,
    remedy: 'give one of them another name, or export an app for each prefix',
    facts: { problems: alike },
  });
}

function rolePolicies(role: Role): RolePolicyResource[] {
  const id = `${role.name.slice(0, 1).toUpperCase()}${role.name.slice(1)}Policy`;
  return policiesOf(role).map((part, at) => ({ id: at === 0 ? id : `${id}${at + 1}`, role: part }));
}

/** The topics that this app's services own; with `all` also those that it only subscribes to. Never one of an ARN. */
function topicsOf(
  { services, publishers }: TopologyDocument,
  { topics = 'own', kmsKeyId, tags = {} }: ExportOptions,
): TopicResource[] {
  if (topics === 'none') return [];
  const own = new Set(services.map(({ service, prefix }) => withPrefix(prefix, domainEventsTopic(service))));
  const published = publishers.filter(({ topicArn }) => topicArn === undefined).map(({ topic }) => topic);
  const subscribed = services.flatMap(({ queues }) =>
    queues.flatMap(({ subscriptions }) => subscriptions.map(({ topic }) => topic)),
  );
  const isOwned = (topic: FullName): boolean => own.has(topic) || services.length === 0;
  const wanted = [
    ...published.filter(topic => topics === 'all' || isOwned(topic)),
    ...subscribed.filter(topic => !isArn(topic) && (topics === 'all' || own.has(topic))),
  ];
  const prefix = services[0]?.prefix ?? '';
  return [...new Set(wanted)].toSorted().map(name => ({
    id: `${logicalId(name.startsWith(prefix) ? prefix : '', name)}Topic`,
    name,
    kmsKeyId,
    tags: { ...tags },
  }));
}

interface QueueToAdd {
  service: ServiceDocument;
  queue: QueueDocument;
  /** Ids of the template's topics, by name. */
  ids: ReadonlyMap<FullName, string>;
  options: ExportOptions;
}

function addQueue(resources: Resources, { service, queue, ids, options }: QueueToAdd): void {
  const { prefix } = service;
  // A queue that was renamed stays the same resource; both names keep what they hold, see DeletionPolicy.
  const base = logicalId(prefix, queue.formerly[0] ?? queue.name);
  const [id, deadLettersId] = [`${base}Queue`, `${base}DeadLetterQueue`];
  const spec = { ...queue, subscriptions: [] };
  const tags = {
    ...options.tags,
    [QUEUE_TAGS.service]: service.service,
    [QUEUE_TAGS.useCase]: withoutPrefix(prefix, queue.name),
  };
  const { RedrivePolicy = '{}', ...attributes } = queueAttributes(spec, '');
  const { maxReceiveCount = 0 } = JSON.parse(RedrivePolicy) as { maxReceiveCount?: number };
  resources.queues.push(
    {
      id: deadLettersId,
      name: queue.deadLetterQueue,
      fifo: queue.fifo,
      attributes: encrypted(deadLetterQueueAttributes(spec), options),
      tags: { ...options.tags },
      takesFrom: queue.name,
    },
    {
      id,
      name: queue.name,
      fifo: queue.fifo,
      attributes: encrypted(attributes, options),
      tags,
      redrive: { to: deadLettersId, maxReceiveCount },
    },
  );
  const toLetters = options.subscriptionDeadLetterQueues === false ? undefined : deadLettersId;
  const { subscriptions } = queue;
  addSubscriptions(resources, { base, queueId: id, deadLettersId: toLetters, subscriptions, ids, prefix });
  addAlarms(resources, base, queue, options);
}

function encrypted(
  attributes: Attributes,
  { kmsKeyId, kmsDataKeyReuseSeconds = DEFAULT_KMS_REUSE_SECONDS }: ExportOptions,
): Attributes {
  if (kmsKeyId === undefined) return attributes;
  // Each excludes the other on one queue.
  const { SqsManagedSseEnabled: _, ...others } = attributes;
  return { ...others, KmsMasterKeyId: kmsKeyId, KmsDataKeyReusePeriodSeconds: String(kmsDataKeyReuseSeconds) };
}

interface SubscriptionsToAdd {
  base: string;
  queueId: string;
  /** Undefined: SNS drops what it cannot deliver. */
  deadLettersId: string | undefined;
  subscriptions: readonly SubscriptionDocument[];
  ids: ReadonlyMap<FullName, string>;
  prefix: string;
}

function addSubscriptions(
  resources: Resources,
  { base, queueId, deadLettersId, subscriptions, ids, prefix }: SubscriptionsToAdd,
): void {
  if (subscriptions.length === 0) return;
  const sorted = subscriptions.toSorted((a, b) => (topicArnText(a.topic) < topicArnText(b.topic) ? -1 : 1));
  const added = sorted.map(({ topic, types }) => {
    const filter = JSON.parse(filterPolicyOf(types)) as Record<string, unknown>;
    const ownId = ids.get(topic);
    const name = isArn(topic) ? topic.slice(topic.lastIndexOf(':') + 1) : topic;
    return {
      id: `${base}From${logicalId(name.startsWith(prefix) ? prefix : '', name)}`,
      topic: ownId === undefined ? { arn: topicArnText(topic) } : { id: ownId },
      queue: queueId,
      deadLetterQueue: deadLettersId,
      filterPolicy: Object.keys(filter).length === 0 ? undefined : filter,
    };
  });
  resources.subscriptions.push(...added);
  const isMixed = new Set(sorted.map(({ topic }) => isArn(topic))).size > 1;
  const topics = added.map(({ topic }) => topic);
  resources.policies.push({
    id: `${base}QueuePolicy`,
    queue: queueId,
    topics,
    subscriptions: isMixed ? undefined : added.map(({ id }) => id),
  });
  if (deadLettersId === undefined) return;
  resources.policies.push({
    id: `${base}DeadLetterQueuePolicy`,
    queue: deadLettersId,
    topics,
    subscriptions: undefined,
  });
}

function addAlarms(resources: Resources, base: string, queue: QueueDocument, { alarms }: ExportOptions): void {
  if (!alarms) return;
  const { ageSeconds, actions } = alarms;
  resources.alarms.push(
    {
      id: `${base}AgeAlarm`,
      queueName: queue.name,
      metric: 'ApproximateAgeOfOldestMessage',
      threshold: ageSeconds,
      description: `A message of ${queue.name} has waited for more than ${ageSeconds} s.`,
      actions,
    },
    {
      id: `${base}DeadLettersAlarm`,
      queueName: queue.deadLetterQueue,
      metric: 'ApproximateNumberOfMessagesVisible',
      threshold: 0,
      description: `There are dead letters in ${queue.deadLetterQueue}.`,
      actions,
    },
  );
}
