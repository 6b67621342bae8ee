import type {
  HandlerDocument,
  QueueDocument,
  SchemaDocument,
  ServiceDocument,
  TopologyDocument,
} from '../../topology/topology-document.js';
import { commandQueue, domainEventsTopic, withPrefix } from '../../topology/names.js';
import type { AsyncApi, Channel, ChannelFacts, JsonSchema, Operation, Reference } from './async-api.js';
import { ComponentKeys } from './component-key.js';
import { CLOUD_EVENT, CLOUD_EVENT_TRAIT, dataSchema, eventSchema, placedSchema } from './envelope-schema.js';

export interface AsyncApiInfo {
  title?: string | undefined;
  version?: string | undefined;
}

const ref = (...path: string[]): Reference => ({
  $ref: `#/${path.map(each => each.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`,
});

const byName = <T>(entries: ReadonlyArray<[string, T]>): Record<string, T> =>
  Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** Collects what is said of one app. Each thing is said once, whoever names it first with most. */
class Catalogue {
  private readonly channels = new Map<string, Channel>();
  private readonly operations = new Map<string, Operation>();
  private readonly schemas = new Map<string, JsonSchema>();
  private readonly messages = new Map<string, AsyncApi['components']['messages'][string]>();
  private readonly keys = {
    channel: new ComponentKeys(),
    operation: new ComponentKeys(),
    message: new ComponentKeys(),
  };

  /** A message, by who defines it and its name. @returns its key */
  message(owner: string, type: string, schema: SchemaDocument | undefined, summary: string): string {
    const key = this.keys.message.of(`${owner}.${type}`);
    const known = this.schemas.get(key);
    if (!known || schema !== undefined) this.addSchema(key, schema);
    if (!this.messages.has(key)) {
      this.messages.set(key, {
        name: type,
        title: type,
        summary,
        traits: [ref('components', 'messageTraits', 'CloudEvent')],
        payload: eventSchema(type, ref('components', 'schemas', key).$ref),
      });
    }
    return key;
  }

  /** A reply is Nest's packet, and no event. */
  reply(owner: string, type: string, schema: SchemaDocument | undefined): string {
    const key = this.keys.message.of(`${owner}.${type}.reply`);
    this.addSchema(key, schema);
    this.messages.set(key, {
      name: `${type}.reply`,
      title: `Reply to ${type}`,
      payload: {
        type: 'object',
        description: "Nest's packet: an item of the answer, or an error.",
        required: ['id', 'isDisposed'],
        properties: {
          id: { type: 'string' },
          response: ref('components', 'schemas', key),
          err: { description: 'The error, in place of a response.' },
          isDisposed: { type: 'boolean', description: 'True: the last one.' },
        },
      },
    });
    return key;
  }

  private addSchema(key: string, schema: SchemaDocument | undefined): void {
    this.schemas.set(key, placedSchema(dataSchema(schema), ref('components', 'schemas', key).$ref));
  }

  channel(name: string, make: () => Omit<Channel, 'messages'>): string {
    const key = this.keys.channel.of(name);
    if (!this.channels.has(key)) this.channels.set(key, { ...make(), messages: {} });
    return key;
  }

  /** @returns the message as the channel has it */
  on(channel: string, message: string): Reference {
    const found = this.channels.get(channel);
    if (found) found.messages[message] = ref('components', 'messages', message);
    return ref('channels', channel, 'messages', message);
  }

  operation(name: string, operation: Operation): void {
    const key = this.keys.operation.of(name);
    const known = this.operations.get(key);
    if (known)
      known.messages.push(...operation.messages.filter(({ $ref }) => !known.messages.some(each => each.$ref === $ref)));
    else this.operations.set(key, operation);
  }

  document(info: AsyncApi['info']): AsyncApi {
    const channels = [...this.channels].map(([key, { messages, ...channel }]): [string, Channel] => [
      key,
      { ...channel, messages: byName(Object.entries(messages)) },
    ]);
    return {
      asyncapi: '3.0.0',
      info,
      defaultContentType: 'application/json',
      channels: byName(channels),
      operations: byName([...this.operations]),
      components: {
        schemas: { CloudEvent: CLOUD_EVENT, ...byName([...this.schemas]) },
        messages: byName([...this.messages]),
        messageTraits: { CloudEvent: CLOUD_EVENT_TRAIT },
      },
    };
  }
}

const facts = (given: ChannelFacts): { 'x-nestjs-sns-sqs': ChannelFacts } => ({ 'x-nestjs-sns-sqs': given });

const topicChannel = (service: string, topic: string): Omit<Channel, 'messages'> => ({
  address: topic,
  title: topic,
  description: `The domain events of ${service}.`,
  bindings: { sns: { name: topic, bindingVersion: '0.1.0' } },
  ...facts({ service, kind: 'topic' }),
});

const sqsBinding = (queue: { name: string; fifo: boolean }, deadLetterQueue?: string, more: object = {}): object => ({
  queue: {
    name: queue.name,
    fifoQueue: queue.fifo,
    ...more,
    ...(deadLetterQueue !== undefined && { redrivePolicy: { deadLetterQueue: { name: deadLetterQueue } } }),
  },
  ...(deadLetterQueue !== undefined && { deadLetterQueue: { name: deadLetterQueue, fifoQueue: queue.fifo } }),
  bindingVersion: '0.2.0',
});

const commandsChannel = (service: string, name: string): Omit<Channel, 'messages'> => ({
  address: name,
  title: name,
  description: `The commands and requests of ${service}, in order within a group.`,
  bindings: { sqs: sqsBinding({ name, fifo: true }) },
  ...facts({ service, kind: 'commands' }),
});

function queueChannel(service: string, queue: QueueDocument): Omit<Channel, 'messages'> {
  const isCommands = queue.subscriptions.length === 0;
  return {
    address: queue.name,
    title: queue.name,
    description: isCommands
      ? `The commands and requests of ${service}, in order within a group.`
      : `A use case of ${service}.`,
    bindings: {
      sqs: sqsBinding(queue, queue.deadLetterQueue, {
        visibilityTimeout: queue.visibilityTimeoutSeconds,
        messageRetentionPeriod: queue.retentionSeconds,
      }),
    },
    ...facts({
      service,
      kind: isCommands ? 'commands' : 'use-case',
      ...(!isCommands && { subscriptions: queue.subscriptions }),
    }),
  };
}

const repliesChannel = (service: string): Omit<Channel, 'messages'> => ({
  address: null,
  title: 'The reply queue of the caller',
  description: 'Named by the attribute reply.queue of the request.',
  ...facts({ service, kind: 'replies' }),
});

/** The service whose topic it is, by the name that this library gives topics. */
const ownerOf = (topic: string, prefixes: readonly string[]): string => {
  const prefix = prefixes.find(each => each !== '' && topic.startsWith(each)) ?? '';
  return topic.slice(prefix.length).replace(/-domain-events(\.fifo)?$/, '');
};

function addReply(
  all: Catalogue,
  service: string,
  type: string,
  schema: SchemaDocument | undefined,
): Operation['reply'] {
  const channel = all.channel(`${service}-replies`, () => repliesChannel(service));
  return { channel: ref('channels', channel), messages: [all.on(channel, all.reply(service, type, schema))] };
}

function addHandler(
  all: Catalogue,
  { service, prefix }: ServiceDocument,
  channel: string,
  queue: QueueDocument,
  { pattern, kind, topic, schema, replySchema }: HandlerDocument,
): void {
  const owner = kind === 'event' && topic !== undefined ? ownerOf(topic, [prefix]) : service;
  const message = all.message(owner, pattern, schema, kind === 'event' ? `Event of ${owner}.` : `For ${service}.`);
  all.operation(`receive.${queue.name}${kind === 'request' ? `.${pattern}` : ''}`, {
    action: 'receive',
    channel: ref('channels', channel),
    summary: kind === 'event' ? `${service} handles it in ${queue.name}.` : `${service} carries it out.`,
    messages: [all.on(channel, message)],
    ...(kind === 'request' && { reply: addReply(all, service, pattern, replySchema) }),
  });
}

function addService(all: Catalogue, service: ServiceDocument): void {
  for (const queue of service.queues) {
    const channel = all.channel(queue.name, () => queueChannel(service.service, queue));
    for (const handler of queue.handlers) addHandler(all, service, channel, queue, handler);
  }
}

/** What the app publishes, as far as a contract says it. */
function addPublished(all: Catalogue, { contracts, publishers, senders, services }: TopologyDocument): void {
  const prefix = services[0]?.prefix ?? '';
  for (const { service, events, commands, requests } of contracts) {
    const own = publishers.find(each => each.service === service);
    const isServed = services.some(each => each.service === service);
    if (events.length > 0 && (own || isServed)) {
      const topic = own?.topic ?? withPrefix(prefix, domainEventsTopic(service));
      const channel = all.channel(topic, () => topicChannel(service, topic));
      for (const { type, schema } of events) {
        const message = all.on(channel, all.message(service, type, schema, `Event of ${service}.`));
        all.operation(`send.${topic}`, {
          action: 'send',
          channel: ref('channels', channel),
          summary: `${service} publishes it.`,
          messages: [message],
        });
      }
    }
    const sender = senders.find(each => each.service === service);
    if (!sender || isServed) continue;
    const queue = sender.queue || withPrefix(prefix, commandQueue(service));
    const channel = all.channel(queue, () => commandsChannel(service, queue));
    for (const { type, schema } of commands) {
      const message = all.on(channel, all.message(service, type, schema, `For ${service}.`));
      all.operation(`send.${queue}`, {
        action: 'send',
        channel: ref('channels', channel),
        summary: `This app orders it of ${service}.`,
        messages: [message],
      });
    }
    for (const { type, schema, replySchema } of requests) {
      const message = all.on(channel, all.message(service, type, schema, `For ${service}.`));
      all.operation(`send.${queue}.${type}`, {
        action: 'send',
        channel: ref('channels', channel),
        summary: `This app asks ${service}.`,
        messages: [message],
        reply: addReply(all, service, type, replySchema),
      });
    }
  }
}

/**
 * An app as an AsyncAPI 3 document: what it publishes, takes and answers, with the schemas of its contracts, the CloudEvents
 * envelope, and its topics and queues as bindings. Pure; the same app gives the same document.
 */
export function toAsyncApi(topology: TopologyDocument, { title, version = '1.0.0' }: AsyncApiInfo = {}): AsyncApi {
  const all = new Catalogue();
  // Contracts first: they know most of a type.
  addPublished(all, topology);
  for (const service of topology.services) addService(all, service);
  const names = [...new Set([...topology.services, ...topology.publishers].map(({ service }) => service))];
  return all.document({
    title: title ?? (names.join(', ') || 'app'),
    version,
    description: 'Written by nestjs-sns-sqs from the handlers, clients and contracts of the app.',
  });
}
