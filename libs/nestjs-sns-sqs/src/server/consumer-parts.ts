import { AWS_BATCH_MAX_ENTRIES } from '../constants.js';
import { replyAddressOf } from '../envelope/reply.js';
import type { Wake } from '../inbox/wakers.js';
import { TracedSqsWire } from '../wire/traced-sqs-wire.js';
import { QueueTagReader } from '../topology/queue-tag-reader.js';
import { assembleLanes, messagesInWork } from './assemble-lanes.js';
import type { Delivery } from './delivery.js';
import type { InFlight } from './in-flight.js';
import { DeliveryTracer } from './handle/delivery-tracer.js';
import { DeliveryRunner } from './handle/delivery-runner.js';
import { Dispatcher } from './handle/dispatcher.js';
import { Failures } from './handle/failures.js';
import { AskingHandlers } from './handle/asking-handlers.js';
import { InboxGate } from './handle/inbox-gate.js';
import { Admitter } from './handle/admitter.js';
import { AttemptCounter } from './handle/attempt-counter.js';
import { SoloRuns } from './handle/solo-runs.js';
import { Suspects } from './handle/suspects.js';
import { TurnGate } from './handle/turn-gate.js';
import { UnknownTypes } from './handle/unknown-types.js';
import type { Intake } from './receive/intake.js';
import { laneKeyOf, type LaneKey } from './receive/lane-key.js';
import type { LaneSet } from './receive/lane-set.js';
import { Poller } from './receive/poller.js';
import { ReceivePace } from './receive/receive-pace.js';
import { Slots } from './receive/slots.js';
import { SqsClock } from './receive/sqs-clock.js';
import { IntakeCapacity } from './receive/intake-capacity.js';
import { Steering, type SteeredIntake } from './steer/steering.js';
import { Heartbeat } from './settle/heartbeat.js';
import { Settler } from './settle/settler.js';
import type { QueueConsumerOptions } from './consumer-options.js';

/** Delete calls that may be under way at one time at least: 50,000 messages/s where a call takes 10 ms. */
const MIN_DELETES = 50;

/** The consumer, as its parts see it. */
export interface Consumer extends Intake, SteeredIntake {
  /** What was received and has not ended. */
  readonly inFlight: InFlight;
  /** A handler has ended: there may be capacity again. */
  onRunEnd(): void;
  /** A settlement has its result. */
  onSettled(): void;
}

export interface ConsumerParts {
  poller: Poller;
  pace: ReceivePace;
  laneKey: LaneKey;
  lanes: LaneSet<Delivery>;
  heartbeat: Heartbeat;
  dispatcher: Dispatcher;
  settler: Settler;
  runner: DeliveryRunner;
  attempts: AttemptCounter;
  steering: Steering;
  capacity: IntakeCapacity;
  suspects: Suspects | undefined;
  sqsClock: SqsClock;
}

/** Builds and connects the parts of one queue's consumer. */
export function assembleParts(options: QueueConsumerOptions, consumer: Consumer): ConsumerParts {
  const { queue, settings, logger, telemetry, handlers, decode, hooks, requestOf, inbox } = options;
  const { visibilityTimeoutSeconds, waitTimeSeconds, handlerTimeoutMs } = settings;
  const wire = new TracedSqsWire(options.wire, { queue, telemetry, visibility: 'delay' });
  const named = {
    queueUrl: queue.url,
    queueName: queue.name,
    wire,
    visibilityTimeoutSeconds,
    watch: options.watch,
  };
  const maxMessages = messagesInWork(settings);
  const sqsClock = new SqsClock();
  const attempts = new AttemptCounter({
    fifo: queue.fifo,
    arePutOff: settings.rateLimit?.key !== undefined,
    rules: settings,
    now: sqsClock.elapsed,
    sqsNow: sqsClock.now,
    delays: sqsClock,
  });
  const settler = new Settler({
    queue,
    wire,
    logger,
    // As many batches as receives may be: neither waits for the other.
    maxInFlight: Math.max(MIN_DELETES, Math.ceil(maxMessages / AWS_BATCH_MAX_ENTRIES)),
    onSettled: () => consumer.onSettled(),
    ...(options.onDeadLettersRefused && { onCopiesRefused: options.onDeadLettersRefused }),
    ...(options.onDeadLettersAccepted && { onCopiesAccepted: options.onDeadLettersAccepted }),
  });
  // A name first: V8 keeps a function that is written into a property until a full collection.
  const wake: Wake = handles => settler.makeVisible(handles);
  if (inbox) inbox.onWake = wake;
  const gate =
    inbox &&
    new InboxGate({
      inbox,
      decode,
      rules: settings,
      knowsAttempts: options.inboxIsShared ?? false,
    });
  const heartbeat = new Heartbeat({
    ...named,
    wire: new TracedSqsWire(options.wire, { queue, telemetry, visibility: 'extend' }),
    logger,
    renewClaims: gate && (due => gate.renew(due)),
  });
  const asking = new AskingHandlers({
    counts: [options.waits, options.serverWaits].filter(count => count !== undefined),
    requestSlotsOf: options.requestSlotsOf ?? none,
  });
  const dispatcher = new Dispatcher({
    queueName: queue.name,
    fifo: queue.fifo,
    asking,
    handlers,
    decode,
    hooks,
    handlerTimeoutMs,
    conversation: options.conversation ?? true,
    logger,
    ...(requestOf && { requestOf }),
    sqsNow: sqsClock.now,
  });
  const solo = options.solo ?? new SoloRuns();
  const suspects = suspectsOf(options, attempts, solo);
  const batchSize = Math.min(AWS_BATCH_MAX_ENTRIES, maxMessages);
  const steering = new Steering({
    queueName: queue.name,
    rules: settings,
    batchSize,
    intake: consumer,
    logger,
    store: options.steeringStore,
    onUnavailable: options.onStoreUnavailable,
  });
  const { breaker, turns } = steering;
  const keyOf = settings.rateLimit?.key;
  const failures = new Failures({ queue, rules: settings, attempts, logger, breaker, sqsClock });
  const runner = new DeliveryRunner({
    queue,
    failures,
    admitter: new Admitter({
      ...settings,
      turns: turns && keyOf && new TurnGate({ decode, keyOf, turns }),
      gate,
      settler,
      heartbeat,
      attempts,
      suspects,
      solo,
      failures,
    }),
    solo,
    gate,
    dispatcher,
    asking,
    tracer: new DeliveryTracer({ queue, telemetry, handlers, decode, maxReceiveCount: settings.maxReceiveCount }),
    breaker,
    heartbeat,
    settler,
    attempts,
    unknownTypes: new UnknownTypes({
      queueName: queue.name,
      handlers,
      decode,
      rules: settings,
      attempts,
      recordedTypes: queue.isLooselyFiltered ? options.tagReader : undefined,
      isRequest: requestOf && (message => replyAddressOf(message) !== undefined),
    }),
    suspects,
    inFlight: consumer.inFlight,
    logger,
  });
  const pace = new ReceivePace(maxMessages);
  const lanes = assembleLanes(options, consumer, runner, dispatcher);
  const { waits } = options;
  // A batch takes one slot when it begins; until then its messages only wait.
  const slots = settings.batch ? new Slots(Infinity) : options.slots;
  const requestSlots = settings.batch ? undefined : options.requestSlots;
  const shared = { fifo: queue.fifo, weight: settings.weight, concurrency: maxMessages, slots, requestSlots, waits };
  return {
    settler,
    heartbeat,
    dispatcher,
    runner,
    attempts,
    steering,
    pace,
    lanes,
    capacity: new IntakeCapacity({ ...shared, lanes, pace, settler, runner, steering, inbox }),
    suspects,
    sqsClock,
    laneKey: laneKeyOf(queue.fifo, settings, decode),
    poller: new Poller({
      ...named,
      fifo: queue.fifo,
      waitTimeSeconds,
      intake: consumer,
      batchSize,
      onDate: sqsClock.noteDate,
    }),
  };
}

const none = (): undefined => undefined;

/** Where keys have rate limits, other processes may have put a message off so often: a mark costs calls. */
const RECEIVES_IN_VAIN = 10;

function suspectsOf(
  { queue, settings, tags, tagReader, logger, inbox, inboxIsShared }: QueueConsumerOptions,
  attempts: AttemptCounter,
  solo: SoloRuns,
) {
  if (!tags || (inbox && inboxIsShared)) return undefined;
  const maxReceiveCount = settings.maxReceiveCount + (settings.rateLimit?.key ? RECEIVES_IN_VAIN : 0);
  const reader = tagReader ?? new QueueTagReader({ readTags: () => tags.listQueueTags(queue.url) });
  return new Suspects({
    queueUrl: queue.url,
    queueName: queue.name,
    ...settings,
    maxReceiveCount,
    attempts,
    reader,
    tags,
    solo,
    logger,
  });
}
