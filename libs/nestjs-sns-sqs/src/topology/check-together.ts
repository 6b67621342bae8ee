import { canonicalJson } from './canonical-json.js';
import { matchesPattern } from './filter-policy.js';
import { domainEventsTopic } from './names.js';
import type { ContractDocument, SchemaDocument, TopologyDocument } from './topology-document.js';

/** A document and where it came from. */
export interface NamedDocument {
  file: string;
  document: TopologyDocument;
}

/** What does not fit between services. */
export interface Mismatch {
  kind:
    | 'no-publisher'
    | 'no-subscriber'
    | 'unknown-type'
    | 'no-reader'
    | 'unhandled-command'
    | 'contract-differs'
    | 'queue-shared';
  /** The services or files concerned. */
  between: string[];
  text: string;
}

/** Looks at several apps as one system. Pure. Only what the files name is known: give the files of all apps. */
export function checkTogether(all: readonly NamedDocument[]): Mismatch[] {
  return [
    ...topicsWithoutPublisher(all),
    ...eventsOf(all),
    ...queuesWithoutReader(all),
    ...unhandledCommands(all),
    ...differingContracts(all),
    ...sharedQueues(all),
  ];
}

const servicesOf = (all: readonly NamedDocument[]) => all.flatMap(({ document }) => document.services);
const queuesOf = (all: readonly NamedDocument[]) =>
  servicesOf(all).flatMap(({ service, prefix, queues }) => queues.map(queue => ({ service, prefix, queue })));

/** An app knows its own contract best; other apps may have an older copy. */
const isOwner = ({ services, publishers }: TopologyDocument, service: string): boolean =>
  services.some(each => each.service === service) || publishers.some(each => each.service === service);

const owned = (all: readonly NamedDocument[]): Array<{ file: string; contract: ContractDocument }> =>
  all.flatMap(({ file, document }) =>
    document.contracts.filter(({ service }) => isOwner(document, service)).map(contract => ({ file, contract })),
  );

function topicsWithoutPublisher(all: readonly NamedDocument[]): Mismatch[] {
  const published = new Set(
    all.flatMap(({ document }) => document.publishers.flatMap(({ topic, topicArn }) => [topic, topicArn ?? topic])),
  );
  return queuesOf(all).flatMap(({ service, queue }) =>
    queue.subscriptions
      .filter(({ topic }) => !published.has(topic))
      .map(({ topic }) => ({
        kind: 'no-publisher' as const,
        between: [service],
        text: `${queue.name} of ${service} is subscribed to ${topic}, and no app publishes to it`,
      })),
  );
}

/** Events that a contract names and nobody takes, and types that are taken and no contract names. */
function eventsOf(all: readonly NamedDocument[]): Mismatch[] {
  return owned(all).flatMap(({ contract: { service, events } }) => {
    if (events.length === 0) return [];
    const taken = queuesOf(all).flatMap(({ service: by, prefix, queue }) =>
      queue.subscriptions
        .filter(({ topic }) => topic === `${prefix}${domainEventsTopic(service)}`)
        .flatMap(({ types }) => types.map(pattern => ({ by, pattern, queue: queue.name }))),
    );
    const nobody = events
      .filter(({ type }) => !taken.some(({ pattern }) => matchesPattern(pattern, type)))
      .map(({ type }) => ({
        kind: 'no-subscriber' as const,
        between: [service],
        text: `${type} of ${service}: no app takes this event`,
      }));
    const unknown = taken
      .filter(({ pattern }) => !events.some(({ type }) => matchesPattern(pattern, type)))
      .map(({ by, pattern, queue }) => ({
        kind: 'unknown-type' as const,
        between: [by, service],
        text: `${queue} of ${by} takes ${pattern}, and the contract of ${service} has no such event`,
      }));
    return [...nobody, ...unknown];
  });
}

function queuesWithoutReader(all: readonly NamedDocument[]): Mismatch[] {
  const read = new Set(queuesOf(all).flatMap(({ queue }) => [queue.name, ...queue.formerly]));
  return all.flatMap(({ file, document }) =>
    document.senders
      .filter(({ queue }) => !read.has(queue))
      .map(({ queue, service }) => ({
        kind: 'no-reader' as const,
        between: [file, service],
        text: `${file} sends to ${queue}, and no app takes messages from it`,
      })),
  );
}

function unhandledCommands(all: readonly NamedDocument[]): Mismatch[] {
  return owned(all).flatMap(({ contract: { service, commands, requests } }) => {
    const patterns = servicesOf(all)
      .filter(each => each.service === service)
      .flatMap(({ queues }) => queues.flatMap(({ handlers }) => handlers))
      .filter(({ kind }) => kind !== 'event')
      .map(({ pattern }) => pattern);
    return [
      ...commands.map(each => ({ ...each, what: 'command' })),
      ...requests.map(each => ({ ...each, what: 'request' })),
    ]
      .filter(({ type }) => !patterns.some(pattern => matchesPattern(pattern, type)))
      .map(({ type, what }) => ({
        kind: 'unhandled-command' as const,
        between: [service],
        text: `${type} of ${service}: the contract has this ${what}, and ${service} has no handler for it`,
      }));
  });
}

const same = (a: SchemaDocument | undefined, b: SchemaDocument | undefined): boolean =>
  // What has no JSON form cannot be compared, and a type without a schema promises nothing.
  a === undefined || b === undefined || a === true || b === true || canonicalJson(a) === canonicalJson(b);

/** Other apps' copies of a contract, and the schemas of handlers, beside the owner's contract. */
function differingContracts(all: readonly NamedDocument[]): Mismatch[] {
  return owned(all).flatMap(({ file: ownFile, contract: own }) =>
    all
      .filter(({ file }) => file !== ownFile)
      .flatMap(({ file, document }) =>
        document.contracts
          .filter(({ service }) => service === own.service)
          .flatMap(copy => differences(own, copy).map(text => ({ file, text }))),
      )
      .map(({ file, text }) => ({
        kind: 'contract-differs' as const,
        between: [ownFile, file],
        text: `the contract of ${own.service} in ${file} differs from that in ${ownFile}: ${text}`,
      })),
  );
}

function differences(own: ContractDocument, copy: ContractDocument): string[] {
  const kinds = ['events', 'commands', 'requests'] as const;
  return kinds.flatMap(kind => {
    const ofOwn = new Map(own[kind].map(each => [each.type, each]));
    return copy[kind].flatMap(each => {
      const mine = ofOwn.get(each.type);
      if (!mine) return [`${each.type} is not in the latter`];
      if (!same(mine.schema, each.schema)) return [`the schemas of ${each.type} differ`];
      const replies = [mine, each].map(one => ('replySchema' in one ? (one.replySchema as SchemaDocument) : undefined));
      return same(replies[0], replies[1]) ? [] : [`the reply schemas of ${each.type} differ`];
    });
  });
}

function sharedQueues(all: readonly NamedDocument[]): Mismatch[] {
  const owners = new Map<string, Set<string>>();
  for (const { service, queue } of queuesOf(all)) {
    owners.set(queue.name, (owners.get(queue.name) ?? new Set()).add(service));
  }
  return [...owners]
    .filter(([, services]) => services.size > 1)
    .map(([queue, services]) => ({
      kind: 'queue-shared' as const,
      between: [...services],
      text: `${[...services].join(' and ')} take messages from the same queue ${queue}: each would miss what the other takes`,
    }));
}
