import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { SqsHandlerExtras } from '../interfaces/handler-extras.interface.js';
import {
  assertNoNameProblems,
  commandQueue,
  deadLetterQueue,
  isFifoName,
  queueNameProblem,
  topicNameProblem,
} from './names.js';
import type { QueueSpec, Topology } from './topology.model.js';

export interface DeclaredHandler extends SqsHandlerExtras {
  pattern: string;
}

export interface BuildTopologyOptions {
  service: string;
  prefix: string;
  handlers: readonly DeclaredHandler[];
  /** By queue name without prefix. */
  settingsOf: (queue: string) => QueueSettings;
}

type QueueSettings = Pick<QueueSpec, 'visibilityTimeoutSeconds' | 'retentionSeconds'>;

/** Full name of the queue that a handler takes from: its own, or its service's command queue. */
export const queueOfHandler = (
  { queue }: Pick<DeclaredHandler, 'queue'>,
  { service, prefix }: { service: string; prefix: string },
): string => `${prefix}${queue ?? commandQueue(service)}`;

function problemOf({ pattern, topic, queue }: DeclaredHandler): string | undefined {
  if (pattern === '') return 'a handler has an empty pattern';
  for (const [name, value] of Object.entries({ topic, queue })) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      return `${pattern}: the extra \`${name}\` must be a non-empty string`;
    }
  }
  if (topic !== undefined && queue === undefined) {
    return `${pattern}: it names the topic ${topic} and no queue; give the extra \`queue\` too`;
  }
  if (topic !== undefined && queue !== undefined && isFifoName(queue)) {
    return `${pattern}: ${queue} is FIFO, and SNS refuses to subscribe a FIFO queue to the standard topic ${topic}`;
  }
  return undefined;
}

function assertSound(handlers: readonly DeclaredHandler[]): void {
  const problems = handlers.map(problemOf).filter(problem => problem !== undefined);
  if (problems.length === 0) return;
  throw new SnsSqsError('INVALID_HANDLER', `${problems.join('; ')}. Remedy: correct the handler's decorator.`, {
    facts: { problems },
  });
}

/** What these handlers need, as data. Throws INVALID_HANDLER or INVALID_NAME with every problem. */
export function buildTopology({ service, prefix, handlers, settingsOf }: BuildTopologyOptions): Topology {
  assertSound(handlers);
  const topics = new Set<string>();
  const queues = new Map<string, QueueSpec>();
  for (const handler of handlers) {
    const name = queueOfHandler(handler, { service, prefix });
    const spec = queues.get(name) ?? queueSpec(name, settingsOf(name.slice(prefix.length)));
    queues.set(name, spec);
    if (handler.topic === undefined) continue;
    const topic = `${prefix}${handler.topic}`;
    topics.add(topic);
    const subscription = spec.subscriptions.find(each => each.topic === topic);
    if (subscription) subscription.types.push(handler.pattern);
    else spec.subscriptions.push({ topic, types: [handler.pattern] });
  }
  assertNoNameProblems([...[...topics].map(topicNameProblem), ...[...queues.keys()].map(queueNameProblem)]);
  return { topics: [...topics].map(name => ({ name })), queues: [...queues.values()] };
}

function queueSpec(name: string, { visibilityTimeoutSeconds, retentionSeconds }: QueueSettings): QueueSpec {
  const fifo = isFifoName(name);
  return {
    name,
    fifo,
    deadLetterQueue: deadLetterQueue(name),
    visibilityTimeoutSeconds,
    retentionSeconds,
    subscriptions: [],
  };
}
