import { MAX_CONDITIONS, matchesPattern, filterPolicyOf, isExpressible } from '../../topology/filter-policy.js';
import type { QueueDocument, ServiceDocument, TopologyDocument } from '../../topology/topology-document.js';

/** One thing that an expert would change, with how. */
export interface Symptom {
  /** A stable name, for `--ignore`. */
  rule: SymptomRule;
  service: string;
  resource: string;
  text: string;
  remedy: string;
}

/** In the order of docs/doctor.md; a spec keeps both equal. */
export const SYMPTOM_RULES = [
  'retry-budget',
  'visibility-after-crash',
  'short-lease',
  'short-retention',
  'inbox-of-one-process',
  'order-of-one-process',
  'sequence-of-one-type',
  'event-on-command-queue',
  'filter-near-limit',
  'filter-not-exact',
  'topic-near-limit',
  'unread-queue',
  'topology-differs',
  'owner-differs',
  'early-net',
  'short-lived-letters',
  'unusable-key',
  'key-shuts-sns-out',
  'dead-letters-waiting',
  'permission-missing',
] as const;
export type SymptomRule = (typeof SYMPTOM_RULES)[number];

const MINUTE = 60;
const DAY = 86_400;
/** A restart of a dependency, or a deploy of it, takes longer. */
const LEAST_RETRY_SECONDS = 5 * MINUTE;
/** Retries wait at least for this share of their bound. */
const LEAST_SHARE = 0.8;
/** After a crash a message stays hidden for its lease. */
const LONG_LEASE_SECONDS = 5 * MINUTE;
/** Below it, a busy event loop loses leases. */
const SHORT_LEASE_SECONDS = 10;
/** A long weekend. */
const LEAST_RETENTION_SECONDS = 4 * DAY;
/** From this share of a limit of AWS, it is time to act. */
const NEAR = 0.8;
/** AWS's bound of filter policies on one topic (sns quotas). The Subscribe after it fails. */
export const MAX_FILTERS_OF_A_TOPIC = 200;

export interface SymptomOptions {
  /** Several processes run: what one of them remembers is not enough. */
  isProduction: boolean;
}

/** What the handlers and options show, without an account. Pure. */
export function symptomsOf(document: TopologyDocument, options: SymptomOptions): Symptom[] {
  return document.services.flatMap(service => [
    ...inboxSymptoms(service, options),
    ...service.queues.flatMap(queue => [
      ...retrySymptoms(service, queue),
      ...leaseSymptoms(service, queue),
      ...orderSymptoms(service, queue),
      ...filterSymptoms(service, queue),
      ...commandSymptoms(service, queue, document),
    ]),
  ]);
}

/** From the first attempt to the last one, in seconds, at least. */
export function retryBudgetSeconds({
  settings: { maxReceiveCount, backoff },
}: Pick<QueueDocument, 'settings'>): number {
  let sum = 0;
  for (let attempt = 1; attempt < maxReceiveCount; attempt += 1) {
    sum += Math.min(backoff.maxSeconds, backoff.initialSeconds * backoff.factor ** (attempt - 1));
  }
  return sum * LEAST_SHARE;
}

function retrySymptoms({ service }: ServiceDocument, queue: QueueDocument): Symptom[] {
  const symptoms: Symptom[] = [];
  const budget = retryBudgetSeconds(queue);
  const { maxReceiveCount } = queue.settings;
  if (budget < LEAST_RETRY_SECONDS) {
    symptoms.push({
      rule: 'retry-budget',
      service,
      resource: queue.name,
      text: `a message that fails is dead-lettered after ${maxReceiveCount} attempts within ${Math.round(budget)} s, so a short outage of what the handler needs dead-letters every message`,
      remedy: 'raise `maxReceiveCount` or `backoff`; the defaults retry for 15 minutes',
    });
  }
  if (queue.retentionSeconds < LEAST_RETENTION_SECONDS) {
    symptoms.push({
      rule: 'short-retention',
      service,
      resource: queue.name,
      text: `the queue keeps a message for ${queue.retentionSeconds} s, so a consumer that is down over a long weekend loses messages`,
      remedy: 'raise `retentionSeconds`; the default is 14 days',
    });
  }
  return symptoms;
}

function leaseSymptoms({ service }: ServiceDocument, queue: QueueDocument): Symptom[] {
  const { visibilityTimeoutSeconds: lease, settings, name: resource, fifo } = queue;
  const beyond = lease * 1_000 > settings.handlerTimeoutMs;
  if (lease > LONG_LEASE_SECONDS && beyond) {
    return [
      {
        rule: 'visibility-after-crash',
        service,
        resource,
        text: `after a crash a message stays hidden for ${lease} s${fifo ? ', and its group waits' : ''}, although no handler may run for longer than ${settings.handlerTimeoutMs / 1_000} s`,
        remedy: 'lower `visibilityTimeoutSeconds`: the lease is extended while the handler runs',
      },
    ];
  }
  if (lease >= SHORT_LEASE_SECONDS) return [];
  return [
    {
      rule: 'short-lease',
      service,
      resource,
      text: `the lease of ${lease} s ends while the process is busy, and another process then handles the message too`,
      remedy: 'raise `visibilityTimeoutSeconds` to 30, the default',
    },
  ];
}

const SHARED_STORE =
  'give a store that all processes share: `inbox: { store: new RedisInboxStore({ url }) }` or `new PostgresInboxStore({ pool })`';

function inboxSymptoms({ service, inbox, queues }: ServiceDocument, { isProduction }: SymptomOptions): Symptom[] {
  const symptoms: Symptom[] = [];
  if (!isProduction || inbox === 'shared' || inbox === 'own' || queues.length === 0) return symptoms;
  symptoms.push({
    rule: 'inbox-of-one-process',
    service,
    resource: service,
    text:
      inbox === 'none'
        ? 'there is no inbox, so a message that is delivered twice is handled twice'
        : 'the inbox is in the memory of one process, so a duplicate that another process gets, or that comes after a restart, is handled twice',
    remedy: SHARED_STORE,
  });
  return symptoms;
}

function orderSymptoms({ service, inbox }: ServiceDocument, queue: QueueDocument): Symptom[] {
  const { ordering, name: resource, subscriptions } = queue;
  if (ordering === 'none') return [];
  const symptoms: Symptom[] = [];
  if (inbox === 'memory' || inbox === 'none' || !queue.settings.inbox) {
    symptoms.push({
      rule: 'order-of-one-process',
      service,
      resource,
      text: `the queue has \`ordering: '${ordering}'\`, and each process remembers only the events that it has handled itself`,
      remedy: SHARED_STORE,
    });
  }
  const types = subscriptions.flatMap(each => each.types);
  if (ordering === 'sequential' && types.length === 1 && !types[0]?.includes('*')) {
    symptoms.push({
      rule: 'sequence-of-one-type',
      service,
      resource,
      text: `the queue waits for each event of a subject, and takes ${types[0]} only: each event of another type looks like a missing one`,
      remedy: 'let one queue take all types of the subject, or number each type for itself',
    });
  }
  return symptoms;
}

function filterSymptoms({ service }: ServiceDocument, queue: QueueDocument): Symptom[] {
  return queue.subscriptions.flatMap(({ topic, types }): Symptom[] => {
    if (types.length > MAX_CONDITIONS * NEAR) {
      return [
        {
          rule: 'filter-near-limit',
          service,
          resource: queue.name,
          text: `its filter on ${topic} has ${types.length} types, and SNS takes ${MAX_CONDITIONS}; beyond it every event comes to the queue`,
          remedy: 'use a pattern, such as `user.*`, or divide the handlers among several queues',
        },
      ];
    }
    if (isExpressible(types)) return [];
    const what = filterPolicyOf(types) === '{}' ? 'every event' : 'more events than the handlers take';
    return [
      {
        rule: 'filter-not-exact',
        service,
        resource: queue.name,
        text: `SNS cannot filter ${types.filter(type => !isExpressible([type])).join(', ')} exactly, so ${what} of ${topic} comes to the queue and is deleted there`,
        remedy: 'use patterns with one `*` at the beginning or at the end',
      },
    ];
  });
}

/** An event handler without a topic listens on the command queue, and its event goes elsewhere. */
function commandSymptoms(service: ServiceDocument, queue: QueueDocument, document: TopologyDocument): Symptom[] {
  const known = [
    ...document.contracts.flatMap(({ service: of, events }) =>
      events.map(({ type }) => ({ type, of: `the contract of ${of}` })),
    ),
    ...document.services.flatMap(each =>
      each.queues.flatMap(({ subscriptions }) =>
        subscriptions.flatMap(({ topic, types }) => types.map(type => ({ type, of: `the topic ${topic}` }))),
      ),
    ),
  ];
  return queue.handlers.flatMap(({ pattern, kind }): Symptom[] => {
    const found =
      kind === 'command' && known.find(({ type }) => matchesPattern(pattern, type) || matchesPattern(type, pattern));
    if (!found) return [];
    return [
      {
        rule: 'event-on-command-queue',
        service: service.service,
        resource: queue.name,
        text: `the handler of ${pattern} listens on the command queue, and ${found.type} is an event of ${found.of}: the handler never gets it`,
        remedy: '`@OnDomainEvent` with `from` and `useCase`, or the extras `topic` and `queue` of `@EventPattern`',
      },
    ];
  });
}
