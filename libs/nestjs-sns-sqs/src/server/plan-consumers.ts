import type { MessageHandler } from '@nestjs/microservices';
import { problemParts, SnsSqsError } from '../errors/sns-sqs.error.js';
import type { SqsHandlerExtras } from '../interfaces/handler-extras.interface.js';
import type { HandlerOptions } from '../interfaces/handler-options.interface.js';
import type { FullName } from '../interfaces/names.interface.js';
import { conflictingExtras } from '../options/conflicting-options.js';
import { handlerExtras } from '../options/handler-extras.js';
import { resolveHandlerNames, type NamedExtras } from '../options/handler-names.js';
import { outlastingExtras } from '../options/outlast-retention.js';
import {
  consumerSettings,
  type ResolvedConsumerOptions,
  type ResolvedServerOptions,
} from '../options/server-options.js';
import { buildTopology, queueOfHandler } from '../topology/build-topology.js';
import { withoutPrefix, withPrefix } from '../topology/names.js';
import type { Positions, Topology } from '../topology/topology.model.js';
import { HandlerRegistry } from './handle/handler-registry.js';

/** A handler, as Nest gives it to the server. */
export interface DeclaredHandler {
  pattern: string;
  handler: MessageHandler;
  extras: SqsHandlerExtras;
}

/** The same handler with plain names. */
export interface PlannedHandler {
  pattern: string;
  handler: MessageHandler;
  extras: NamedExtras;
  queue: FullName;
}

export interface ConsumersPlan {
  named: PlannedHandler[];
  topology: Topology;
  handlers: HandlerRegistry;
  settingsOf: (queue: FullName) => ResolvedConsumerOptions;
}

/**
 * From the declared handlers to everything that a server needs of AWS, and the settings of each queue. Pure. Throws one
 * error of INVALID_HANDLER, INVALID_NAME, INVALID_OPTIONS or DUPLICATE_HANDLER with all problems of its kind.
 */
export function planConsumers(given: readonly DeclaredHandler[], options: ResolvedServerOptions): ConsumersPlan {
  const { service, prefix, formerly } = options;
  const named = resolveHandlerNames(given, options).map(each => ({
    ...each,
    queue: queueOfHandler(each.extras, { service, prefix }),
  }));
  refuseUnknownQueues(options, [...new Set(named.map(({ queue }) => queue))]);
  const extras = handlerExtras(named);
  refuseBadExtras(options, extras);
  const settingsOf = (queue: FullName): ResolvedConsumerOptions =>
    consumerSettings(options, withoutPrefix(prefix, queue), extras.get(queue));
  const topology = buildTopology({
    service,
    prefix,
    formerly,
    handlers: named.map(({ pattern, extras }) => ({ pattern, ...extras })),
    wishes: options.topology,
    positions: positionsOf(options),
    settingsOf,
  });
  // A former queue is drained by the handlers of the queue that took its place.
  const handlers = new HandlerRegistry(
    named.flatMap(({ pattern, handler, queue, extras }) =>
      [queue, ...(topology.queues.find(({ name }) => name === queue)?.formerly ?? [])].map(each => ({
        pattern,
        handler,
        queue: each,
        subscribed: extras.topic !== undefined,
      })),
    ),
  );
  return { named, topology, handlers, settingsOf };
}

/** Where the positions of subjects are kept; undefined: nowhere. */
export const positionsOf = ({ inbox }: Pick<ResolvedServerOptions, 'inbox'>): Positions | undefined =>
  inbox ? (inbox.store?.isShared ? (inbox.store.identity ?? 'shared') : 'memory') : undefined;

/** A setting for a queue that no handler names is a misspelt name, and would be lost in silence. */
function refuseUnknownQueues({ queues = {}, prefix }: ResolvedServerOptions, known: readonly FullName[]): void {
  const unknown = Object.keys(queues).filter(name => !known.includes(withPrefix(prefix, name)));
  if (unknown.length === 0) return;
  throw new SnsSqsError('INVALID_OPTIONS', {
    problem: `ServerSQS: \`queues\` names ${unknown.join(', ')}, which no handler consumes`,
    remedy: `the names are without prefix; those of the handlers are ${known.map(name => withoutPrefix(prefix, name)).join(', ') || '(none)'}`,
    facts: { unknown },
  });
}

/** What handlers ask for, where it goes badly with the server's options, or would wait longer than its queue keeps it. */
function refuseBadExtras(options: ResolvedServerOptions, extras: ReadonlyMap<FullName, HandlerOptions>): void {
  const problems = [...extras].flatMap(([fullName, own]) => {
    const queue = withoutPrefix(options.prefix, fullName);
    return [...outlastingExtras(options, queue, own), ...conflictingExtras(options, queue, own)];
  });
  if (problems.length === 0) return;
  throw new SnsSqsError('INVALID_OPTIONS', {
    ...problemParts(problems, {
      of: 'ServerSQS',
      heading: `The options of ServerSQS have ${problems.length} problems`,
    }),
    remedy: "change the handler's decorator, or the option named",
    facts: { problems },
  });
}
