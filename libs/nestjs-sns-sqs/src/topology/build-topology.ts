import { problemParts, SnsSqsError } from '../errors/sns-sqs.error.js';
import type { TopologyOptions } from '../interfaces/topology-options.interface.js';
import { defined } from '../options/defined.js';
import type { NamedExtras } from '../options/handler-names.js';
import {
  assertNoNameProblems,
  commandQueue,
  deadLetterQueue,
  isFifoName,
  queueNameProblem,
  topicOf,
  topicNameProblem,
  withPrefix,
} from './names.js';
import { commonType } from './memories.js';
import type { Positions, QueueSpec, Topology } from './topology.model.js';
import type { FullName } from '../interfaces/names.interface.js';

export interface DeclaredHandler extends NamedExtras {
  pattern: string;
}

export interface BuildTopologyOptions {
  service: string;
  prefix: string;
  /** Names that the service had before: its command queue had one of each. */
  formerly?: readonly string[] | undefined;
  handlers: readonly DeclaredHandler[];
  /** @default in memory */
  positions?: Positions | undefined;
  /** Of each queue. */
  wishes?: TopologyOptions | undefined;
  settingsOf: (queue: FullName) => QueueSettings;
}

type QueueSettings = Pick<QueueSpec, 'visibilityTimeoutSeconds' | 'retentionSeconds'> & {
  ordering?: 'none' | 'latest' | 'sequential';
};

/** Full name of the queue that a handler takes from: its own, or its service's command queue. */
export const queueOfHandler = (
  { queue }: Pick<DeclaredHandler, 'queue'>,
  { service, prefix }: { service: string; prefix: string },
): FullName => withPrefix(prefix, queue ?? commandQueue(service));

function problemOf({ pattern, topic, queue, formerly = [] }: DeclaredHandler): string | undefined {
  if (pattern === '') return 'a handler has an empty pattern';
  for (const [name, value] of Object.entries({ topic, queue })) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      return `${pattern}: the extra \`${name}\` must be a non-empty string`;
    }
  }
  if (!Array.isArray(formerly) || formerly.some(name => typeof name !== 'string' || name === '')) {
    return `${pattern}: the extra \`formerly\` must be a list of queue names`;
  }
  const unlike = queue === undefined ? undefined : formerly.find(name => isFifoName(name) !== isFifoName(queue));
  if (unlike !== undefined) {
    return `${pattern}: ${unlike}, a former name of ${queue}, is of the other type: only one of them ends with .fifo`;
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
  throw new SnsSqsError('INVALID_HANDLER', {
    ...problemParts(problems, { heading: `The handlers have ${problems.length} problems` }),
    remedy: "correct the handler's decorator",
    facts: { problems },
  });
}

/**
 * A former queue that a handler of this version takes from is none. Two queues that go on from one share its memory in the
 * inbox: an event that both take would be skipped by the second.
 */
function assertFormer(queues: ReadonlyMap<FullName, QueueSpec>): void {
  const specs = [...queues.values()];
  const consumed = specs.flatMap(({ name, formerly }) =>
    formerly.filter(old => queues.has(old)).map(old => `${old} is named as a former name of ${name}, and is consumed`),
  );
  const shared = specs.flatMap((spec, at) =>
    specs.slice(at + 1).flatMap(other => {
      const old = spec.formerly.find(name => other.formerly.includes(name));
      const type = old === undefined ? undefined : commonType(spec, other);
      if (type === undefined) return [];
      return [`${old} is named as a former name of ${spec.name} and of ${other.name}, and both take ${type}`];
    }),
  );
  const problems = [...consumed, ...shared];
  if (problems.length === 0) return;
  throw new SnsSqsError('INVALID_HANDLER', {
    ...problemParts(problems, { heading: `The handlers have ${problems.length} problems` }),
    remedy: 'correct the extra `formerly`',
    facts: { problems },
  });
}

/** What these handlers need, as data. Throws INVALID_HANDLER or INVALID_NAME with every problem. */
export function buildTopology({
  service,
  prefix,
  formerly,
  handlers,
  wishes,
  positions,
  settingsOf,
}: BuildTopologyOptions): Topology {
  assertSound(handlers);
  const topics = new Set<FullName>();
  const queues = new Map<FullName, QueueSpec>();
  for (const handler of handlers) {
    const name = queueOfHandler(handler, { service, prefix });
    const spec = queues.get(name) ?? { ...queueSpec(name, settingsOf(name), positions), ...defined({ ...wishes }) };
    queues.set(name, spec);
    const old = [
      ...(handler.formerly ?? []),
      ...(handler.queue === undefined ? (formerly ?? []).map(commandQueue) : []),
    ];
    spec.formerly = [...new Set([...spec.formerly, ...old.map(each => withPrefix(prefix, each))])];
    if (handler.topic === undefined) continue;
    const topic = topicOf(prefix, handler.topic);
    topics.add(topic);
    const subscription = spec.subscriptions.find(each => each.topic === topic);
    if (subscription) subscription.types.push(handler.pattern);
    else spec.subscriptions.push({ topic, types: [handler.pattern] });
  }
  assertNoNameProblems([...[...topics].map(topicNameProblem), ...[...queues.keys()].map(queueNameProblem)]);
  assertFormer(queues);
  return { topics: [...topics].map(name => ({ name })), queues: [...queues.values()] };
}

function queueSpec(
  name: FullName,
  { visibilityTimeoutSeconds, retentionSeconds, ordering }: QueueSettings,
  positions: Positions | undefined,
): QueueSpec {
  const fifo = isFifoName(name);
  return {
    name,
    fifo,
    deadLetterQueue: deadLetterQueue(name),
    visibilityTimeoutSeconds,
    retentionSeconds,
    subscriptions: [],
    formerly: [],
    ...(!fifo && ordering === 'none' && { isUnordered: true }),
    ...(ordering !== undefined && ordering !== 'none' && { positions }),
  };
}
