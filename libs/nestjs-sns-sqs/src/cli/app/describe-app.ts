import type { AppPart, ContractPart, PublisherPart, SenderPart, ServerPart } from '../../events/app-parts.js';
import type { ResolvedConsumerOptions, ResolvedServerOptions } from '../../options/server-options.js';
import { defined } from '../../options/defined.js';
import { planConsumers, type PlannedHandler } from '../../server/plan-consumers.js';
import { topicOf } from '../../topology/names.js';
import type { QueueSpec } from '../../topology/topology.model.js';
import {
  DOCUMENT_FORMAT,
  DOCUMENT_VERSION,
  type ContractDocument,
  type HandlerDocument,
  type InboxKind,
  type PublisherDocument,
  type QueueDocument,
  type QueueSettingsDocument,
  type SenderDocument,
  type ServiceDocument,
  type TopologyDocument,
  type TypeDocument,
} from '../../topology/topology-document.js';
import { schemaDocument } from './schema-document.js';

/** By code units: the same on every machine. */
const by =
  <T>(...keys: Array<(item: T) => string>) =>
  (a: T, b: T): number => {
    for (const key of keys) {
      const [first, second] = [key(a), key(b)];
      if (first !== second) return first < second ? -1 : 1;
    }
    return 0;
  };

/**
 * The parts of an app as a document. Pure. Throws what the start of a server throws for its handlers: INVALID_HANDLER,
 * INVALID_NAME, INVALID_OPTIONS or DUPLICATE_HANDLER.
 */
export function describeApp(parts: readonly AppPart[]): TopologyDocument {
  const of = <K extends AppPart['kind']>(kind: K): Array<Extract<AppPart, { kind: K }>> =>
    parts.filter((part): part is Extract<AppPart, { kind: K }> => part.kind === kind);
  return {
    format: DOCUMENT_FORMAT,
    version: DOCUMENT_VERSION,
    services: of('server')
      .map(describeServer)
      .toSorted(
        by(
          ({ service }) => service,
          ({ prefix }) => prefix,
        ),
      ),
    publishers: distinct(of('publisher').map(describePublisher), ({ topicArn, topic }) => topicArn ?? topic),
    senders: distinct(of('sender').map(describeSender), ({ queueUrl, queue }) => queueUrl ?? queue),
    contracts: distinct(of('contract').map(describeContract), ({ service }) => service),
  };
}

/** One of each, in order. Several clients of an app may have one target. */
function distinct<T>(all: readonly T[], keyOf: (item: T) => string): T[] {
  const byKey = new Map<string, T>();
  for (const each of all) byKey.set(keyOf(each), byKey.get(keyOf(each)) ?? each);
  return [...byKey.values()].toSorted(by(keyOf));
}

function describeServer({ options, handlers }: ServerPart): ServiceDocument {
  const { named, topology, settingsOf } = planConsumers(handlers(), options);
  const { service, prefix, provisioning, formerly = [], topology: wishes } = options;
  return {
    service,
    prefix,
    provisioning,
    formerly: [...formerly],
    inbox: inboxOf(options),
    ...(wishes && { topology: defined({ ...wishes }) }),
    queues: topology.queues
      .map(spec =>
        describeQueue(
          spec,
          settingsOf(spec.name),
          named.filter(({ queue }) => queue === spec.name),
          prefix,
        ),
      )
      .toSorted(by(({ name }) => name)),
  };
}

function inboxOf({ inbox }: Pick<ResolvedServerOptions, 'inbox'>): InboxKind {
  if (!inbox) return 'none';
  if (!inbox.store) return 'memory';
  return inbox.store.isShared ? 'shared' : 'own';
}

function describeQueue(
  { name, fifo, deadLetterQueue, visibilityTimeoutSeconds, retentionSeconds, formerly, subscriptions }: QueueSpec,
  settings: ResolvedConsumerOptions,
  handlers: readonly PlannedHandler[],
  prefix: string,
): QueueDocument {
  return {
    name,
    fifo,
    deadLetterQueue,
    visibilityTimeoutSeconds,
    retentionSeconds,
    ordering: settings.ordering,
    formerly,
    subscriptions: subscriptions
      .map(({ topic, types }) => ({ topic, types: types.toSorted() }))
      .toSorted(by(({ topic }) => topic)),
    handlers: handlers
      .map(each => describeHandler(each, prefix))
      .toSorted(
        by(
          ({ pattern }) => pattern,
          ({ topic }) => topic ?? '',
        ),
      ),
    settings: describeSettings(settings),
  };
}

function describeHandler({ pattern, handler, extras }: PlannedHandler, prefix: string): HandlerDocument {
  const { topic } = extras;
  const schema = schemaDocument(extras.schema);
  const replySchema = schemaDocument(extras.replySchema);
  return {
    pattern,
    kind: !handler.isEventHandler ? 'request' : topic === undefined ? 'command' : 'event',
    ...(topic !== undefined && { topic: topicOf(prefix, topic) }),
    ...(schema && { schema }),
    ...(replySchema && { replySchema }),
  };
}

function describeSettings(settings: ResolvedConsumerOptions): QueueSettingsDocument {
  const { concurrency, handlerTimeoutMs, maxReceiveCount, retryLaterForSeconds, unknownTypeGraceSeconds } = settings;
  const { initialSeconds, factor, maxSeconds } = settings.backoff;
  return {
    concurrency,
    handlerTimeoutMs,
    maxReceiveCount,
    backoff: { initialSeconds, factor, maxSeconds },
    retryLaterForSeconds,
    unknownTypeGraceSeconds,
    inbox: settings.inbox,
  };
}

function describePublisher({ options, topic }: PublisherPart): PublisherDocument {
  const { service, topicArn, provisioning = 'create' } = options;
  return { service, topic, ...(topicArn !== undefined && { topicArn }), provisioning };
}

function describeSender({ options, queue }: SenderPart): SenderDocument {
  const { service, queueUrl, provisioning = 'create' } = options;
  return { service, queue, ...(queueUrl !== undefined && { queueUrl }), provisioning };
}

function describeContract({ service, events, commands, requests }: ContractPart): ContractDocument {
  const types = (shapes: Readonly<Record<string, unknown>>): TypeDocument[] =>
    Object.keys(shapes)
      .toSorted()
      .map(type => {
        const schema = schemaDocument(shapes[type]);
        return { type, ...(schema && { schema }) };
      });
  return {
    service,
    events: types(events),
    commands: types(commands),
    requests: Object.entries(requests)
      .map(([type, { request, reply }]) => {
        const [schema, replySchema] = [schemaDocument(request), schemaDocument(reply)];
        return { type, ...(schema && { schema }), ...(replySchema && { replySchema }) };
      })
      .toSorted(by(({ type }) => type)),
  };
}
