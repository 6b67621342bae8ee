import type {
  HandlerDocument,
  QueueDocument,
  SchemaDocument,
  ServiceDocument,
  TopologyDocument,
} from '../../topology/topology-document.js';
import { commandQueue, domainEventsTopic, withPrefix } from '../../topology/names.js';
import type { AsyncApi, Operation } from './async-api.js';
import { DocumentBuilder, ref } from './document-builder.js';
import { commandsChannel, queueChannel, repliesChannel, topicChannel } from './channels.js';

export interface AsyncApiInfo {
  title?: string | undefined;
  version?: string | undefined;
}

/** The service whose topic it is, by the name that this library gives topics. */
const ownerOf = (topic: string, prefixes: readonly string[]): string => {
  const prefix = prefixes.find(each => each !== '' && topic.startsWith(each)) ?? '';
  return topic.slice(prefix.length).replace(/-domain-events(\.fifo)?$/, '');
};

function addReply(
  all: DocumentBuilder,
  service: string,
  type: string,
  schema: SchemaDocument | undefined,
): Operation['reply'] {
  const channel = all.channel(`${service}-replies`, () => repliesChannel(service));
  return { channel: ref('channels', channel), messages: [all.on(channel, all.reply(service, type, schema))] };
}

function addHandler(
  all: DocumentBuilder,
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

function addService(all: DocumentBuilder, service: ServiceDocument): void {
  for (const queue of service.queues) {
    const channel = all.channel(queue.name, () => queueChannel(service.service, queue));
    for (const handler of queue.handlers) addHandler(all, service, channel, queue, handler);
  }
}

/** What the app publishes, as far as a contract says it. */
function addPublished(all: DocumentBuilder, { contracts, publishers, senders, services }: TopologyDocument): void {
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
  const all = new DocumentBuilder();
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
