import type { LoggerService } from '@nestjs/common';
import { processWatch } from '../async/clock-watch.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import { Inbox } from '../inbox/inbox.js';
import { Wakers } from '../inbox/wakers.js';
import { misspeltExtras } from '../options/handler-names.js';
import type { ResolvedConsumerOptions, ResolvedServerOptions } from '../options/server-options.js';
import { CallRetries } from '../topology/call-retries.js';
import { call, type ControlPlanes } from '../topology/control-planes.js';
import { isFifoName } from '../topology/names.js';
import type { FormerQueue, ProvisionedQueue } from '../topology/topology.model.js';
import { TopologyWatch } from '../topology/topology-watch.js';
import { QueueTagReader } from '../topology/queue-tag-reader.js';
import { provision } from '../topology/provision.js';
import type { ProcessingHooks } from './handle/dispatcher.js';
import { WaitCount } from './handle/asking-handlers.js';
import { handlerLines } from './handler-lines.js';
import { messageDecoder } from './handle/message-decoder.js';
import { noticingMissingQueues } from './missing-queues.js';
import { planConsumers, positionsOf, type DeclaredHandler } from './plan-consumers.js';
import { QueueConsumer } from './queue-consumer.js';
import { Replier } from './reply/replier.js';
import type { ServerAws } from './server-aws.js';
import type { ServerInbox } from './server-inbox.js';
import { RequestSlots } from './receive/request-slots.js';
import { SoloRuns } from './handle/solo-runs.js';
import { Slots } from './receive/slots.js';

export interface StartOptions {
  options: ResolvedServerOptions;
  handlers: readonly DeclaredHandler[];
  aws: ServerAws;
  logger: Pick<LoggerService, 'log' | 'warn' | 'error'>;
  signal: AbortSignal;
  hooks: ProcessingHooks;
  /** Undefined: none. */
  inbox?: Pick<ServerInbox, 'store' | 'healthOf'> | undefined;
  onFault: (queue: string, error: SnsSqsError) => void;
  onRecovery: (queue: string) => void;
}

export interface StartedConsumers {
  consumers: QueueConsumer[];
  /** Not started. */
  watch: TopologyWatch;
}

/**
 * From the declared handlers to a consumer for each of their queues, provisioned and proven to be receivable from.
 * Rejects with one error that names what, where and the remedy; then nothing is left running.
 */
export async function startConsumers(start: StartOptions): Promise<StartedConsumers> {
  const { options, aws, logger } = start;
  const { prefix } = options;
  for (const warning of misspeltExtras(start.handlers)) logger.warn(warning);
  const { topology, handlers, settingsOf, named } = planConsumers(start.handlers, options);
  const retries = new CallRetries({ forMs: options.startTimeoutMs, boundedBy: '`startTimeoutMs`', logger });
  const { sqsControlPlane: sqs, snsControlPlane: sns, keys } = aws;
  const planes = { sqs, sns, keys, logger, signal: start.signal, retries };
  const queues = await provision(topology, planes, options.provisioning, options);
  const slots = new Slots(options.concurrency ?? Infinity);
  const solo = new SoloRuns();
  const requestSlots = new Map<string, RequestSlots>();
  const serverWaits =
    options.concurrency === undefined ? undefined : new WaitCount('the server', options.concurrency, logger);
  const { serializer, replyAccounts: accounts } = options;
  const replier = new Replier({ wire: aws.wire, serializer, accounts, logger });
  // Its calls are retried by the faults that lead to them, for as long as the server runs.
  const watch = new TopologyWatch({
    topology,
    queues,
    planes: { ...planes, keys: undefined, retries: undefined },
    mode: options.provisioning,
    owner: options,
  });
  const consumerOf = (queue: ProvisionedQueue, at: FormerQueue, memory: Memory): QueueConsumer => {
    const settings = settingsOf(queue.name);
    const tagReader = new QueueTagReader({
      readTags: () => aws.sqsControlPlane.listQueueTags(at.url),
      positions: positionsOf(options),
    });
    memory.tagReaders.push(tagReader);
    const ownRequestSlots = new RequestSlots(() => consumer.onSlotLent());
    requestSlots.set(at.name, ownRequestSlots);
    const consumer: QueueConsumer = new QueueConsumer({
      queue: { ...queue, ...at, fifo: isFifoName(at.name) },
      useCase: queue.name,
      settings,
      inbox: inboxOf(at, memory, settings, start),
      inboxIsShared: start.inbox?.store.isShared ?? false,
      steeringStore: start.inbox?.store.steering,
      onStoreUnavailable: options.inbox ? options.inbox.onUnavailable : undefined,
      wire: noticingMissingQueues(aws.wire, () => void watch.repair(queue.name)),
      slots,
      solo,
      requestSlots: ownRequestSlots,
      requestSlotsOf: name => requestSlots.get(name),
      waits: new WaitCount(at.name, settings.concurrency, logger),
      serverWaits,
      telemetry: options.telemetry,
      conversation: options.conversation,
      handlers,
      decode: messageDecoder(memory.namespace, options.deserializer, settings.handlerTimeoutMs),
      hooks: start.hooks,
      requestOf: message => replier.requestOf(message, at.url),
      logger,
      watch: processWatch,
      onFault: error => {
        if (at !== queue && error.code === 'QUEUE_NOT_FOUND') return drained();
        start.onFault(at.name, error);
        if (error.code === 'QUEUE_NOT_FOUND') void watch.repair(queue.name);
      },
      onRecovery: () => start.onRecovery(at.name),
      tags: aws.sqsControlPlane,
      tagReader,
      onDeadLettersRefused: error => start.onFault(deadLettersOf(at.name), error),
      onDeadLettersAccepted: () => start.onRecovery(deadLettersOf(at.name)),
    });
    const drained = (): void => {
      logger.log(
        `${at.name}, a former name of ${queue.name}, no longer exists and receives no more messages. If it is created again, the next start takes its messages.`,
      );
      void consumer.stop(0);
    };
    return consumer;
  };
  const consumers = queues.flatMap(queue => {
    // One memory for the use case under all of its names: the old version still runs under the first.
    const namespace = queue.memory ?? queue.name;
    const memory = { namespace, wakers: new Wakers(namespace), tagReaders: [] };
    return [queue, ...(queue.former ?? [])].map(at => consumerOf(queue, at, memory));
  });
  await probeAll(consumers, planes);
  for (const line of handlerLines(named, prefix)) logger.log(line);
  return { consumers, watch };
}

/** What a fault is of that concerns the copies of dead letters only. */
const deadLettersOf = (queue: string): string => `${queue}, dead letters`;

/** What the queues of one use case, under its former names and its own, have in common. */
interface Memory {
  namespace: string;
  wakers: Wakers;
  tagReaders: QueueTagReader[];
}

function inboxOf(
  { name: queue }: FormerQueue,
  memory: Memory,
  settings: ResolvedConsumerOptions,
  { options, inbox }: StartOptions,
): Inbox | undefined {
  if (!inbox || !options.inbox || !settings.inbox) return undefined;
  const { rememberForSeconds, rememberPositionsForSeconds } = options.inbox;
  const rules = {
    ...settings,
    leaseMs: settings.visibilityTimeoutSeconds * 1000,
    rememberForMs: rememberForSeconds * 1000,
    rememberPositionForMs: rememberPositionsForSeconds && rememberPositionsForSeconds * 1000,
  };
  const health = inbox.healthOf(queue, settings.ordering !== 'none');
  // A version that consumes one of them without an order leaves no position for any.
  const isMixed = async (): Promise<boolean | undefined> => {
    const answers = await Promise.all(memory.tagReaders.map(reader => reader.isMixed()));
    return answers.includes(true) || (answers.includes(undefined) ? undefined : false);
  };
  const { namespace, wakers } = memory;
  return new Inbox({ queue, namespace, wakers, store: inbox.store, health, rules, isMixed });
}

async function probeAll(consumers: QueueConsumer[], planes: Pick<ControlPlanes, 'signal' | 'retries'>): Promise<void> {
  const { signal } = planes;
  const stopAll = (): void => void Promise.all(consumers.map(consumer => consumer.stop(0)));
  signal.addEventListener('abort', stopAll);
  const probes = await Promise.allSettled(
    consumers.map(consumer => call(planes, 'ReceiveMessage', consumer.name, () => consumer.probe())),
  );
  signal.removeEventListener('abort', stopAll);
  const failed = probes.find(probe => probe.status === 'rejected');
  if (!failed) return;
  // What the other probes received goes back at once.
  await Promise.all(consumers.map(consumer => consumer.stop(0)));
  throw failed.reason;
}
