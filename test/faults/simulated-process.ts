import type { MessageHandler } from '@nestjs/microservices';
import type { SqsBatchContext } from '#lib/ctx-host/sqs-batch.context.js';
import type { SqsContext } from '#lib/ctx-host/sqs.context.js';
import { ownKey } from '#lib/inbox/inbox-key.js';
import { Inbox } from '#lib/inbox/inbox.js';
import { MemoryInboxStore } from '#lib/inbox/memory-inbox-store.js';
import type { EventEnvelope, EventMetadata } from '#lib/interfaces/envelope.interface.js';
import type { InboxClaim, InboxDone, InboxStore } from '#lib/interfaces/inbox-store.interface.js';
import type { ConsumerOptions } from '#lib/interfaces/options.interface.js';
import type { SqsMessage } from '#lib/interfaces/wire.interface.js';
import { consumerSettings, type ResolvedConsumerOptions } from '#lib/options/server-options.js';
import { HandlerRegistry } from '#lib/server/handle/handler-registry.js';
import { SoloRuns } from '#lib/server/handle/solo-runs.js';
import { ServerInbox } from '#lib/server/server-inbox.js';
import { QueueConsumer } from '#lib/server/queue-consumer.js';
import { Slots } from '#lib/server/receive/slots.js';
import type { FaultyStore } from './faulty-store.ts';
import type { FaultyWire } from './faulty-wire.ts';
import { StoreTruth, type Fate, type Run, type RunEnd, type Runner } from './fate.ts';
import type { Fates } from './fates.ts';
import type { ClockWatch } from '#lib/async/clock-watch.js';
import type { LimitByKey, Schedule, ScheduledBatch, Version } from './schedule.ts';
import { SimulatedHandlers } from './simulated-handlers.ts';
import type { Stage } from './stage.ts';
import { SimulatedPauses } from './simulated-pauses.ts';
import { PAUSED, SteeringJudge } from './steering-judge.ts';
import { SteppedWatch } from './stepped-watch.ts';
import { rateLimitOf, TurnsJudge } from './turns-judge.ts';

const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };
const DAY_MS = 24 * 60 * 60 * 1000;

export interface ProcessOptions {
  schedule: Schedule;
  /** Its place among the versions of the schedule. */
  version: number;
  stage: Stage;
  fates: Fates;
  wire: FaultyWire;
  /** By receipt handle, when the handler has ended. */
  endedAt: Map<string, number>;
  /** The way to the inbox that all share, and what that knows. */
  shared: { store: FaultyStore; truth: StoreTruth } | undefined;
  random: () => number;
  now: () => number;
  fateOf: (claim: InboxClaim) => Fate | undefined;
  noteDone: (truth: StoreTruth, claim: InboxClaim, done: InboxDone) => void;
  /** It has said that the dead letter queue does not take the message. */
  noteRefused: (queue: string, messageId: string) => void;
  /** A pause that all processes share, and know of by now. */
  arePaused: () => boolean;
  /** It dies. */
  kill: () => void;
  /** The faults are over. */
  isCalm: () => boolean;
}

/** A process of the service: a consumer for each queue, handlers that do what the schedule says. */
export class SimulatedProcess implements Runner {
  alive = true;
  stopped = false;
  forcedAt = Infinity;
  readonly claims = new Map<Fate, number>();
  readonly running = new Set<Run>();
  readonly version: Version;
  readonly truth: StoreTruth | undefined;
  readonly wire: FaultyWire;
  readonly consumers: QueueConsumer[];
  readonly steering: SteeringJudge;
  /** It looks when it is told to. */
  readonly watch = new SteppedWatch();
  readonly #options: ProcessOptions;
  readonly #batch: ScheduledBatch | undefined;
  readonly #handlers: SimulatedHandlers;
  /** Undefined: keys have no limits. */
  readonly #turns: TurnsJudge | undefined;
  readonly #serverInbox: ServerInbox | undefined;
  readonly #pauses: SimulatedPauses;
  /** Of both queues, as a server has it. */
  readonly #solo = new SoloRuns();

  constructor(options: ProcessOptions) {
    const { schedule, shared } = options;
    this.#options = options;
    this.version = schedule.versions[options.version] ?? schedule.versions[0];
    this.#batch = schedule.batch && options.version >= schedule.batch.since ? schedule.batch : undefined;
    this.#handlers = new SimulatedHandlers({ ...options, batch: this.#batch, runner: this });
    this.wire = options.wire;
    this.truth = schedule.inbox === 'none' ? undefined : (shared?.truth ?? new StoreTruth());
    this.#turns = schedule.limitByKey && this.#judgeTurns(schedule.limitByKey);
    this.steering = new SteeringJudge({
      ...schedule,
      turns: this.#turns,
      arePaused: options.arePaused,
      granted: queue => shared?.store.granted.get(queue) ?? 0,
      heldFor: queue => this.consumers.find(({ name }) => name === queue)?.heldFor,
      blame: what => options.fates.blame(what),
    });
    const onReceived: FaultyWire['onReceived'] = (url, count) =>
      this.steering.noteReceived(url.slice(url.lastIndexOf('/') + 1), count);
    this.wire.onReceived = onReceived;
    const store = this.#store();
    this.#serverInbox = store && this.#startInbox(store);
    this.consumers = options.stage.queues.map(queue => this.#consumer(queue));
    this.#pauses = this.#startPauses();
  }

  /** As `close()` does with all of its consumers. */
  async stop(timeoutMs: number): Promise<void> {
    this.forcedAt = this.#options.now() + timeoutMs;
    this.#pauses.stop();
    await Promise.all(this.consumers.map(consumer => consumer.stop(timeoutMs)));
    this.stopped = true;
    await this.#serverInbox?.close();
  }

  /** As `server.pause()` does, and `resume()` after so long. */
  pause(ms: number): void {
    setTimeout(() => this.#pauses.resume(), ms);
    void this.#pauses.pause();
  }

  /** For all processes, where pauses are shared. Resolves when they can know of it. */
  pauseAll(): Promise<void> {
    return this.#pauses.pause();
  }

  resumeAll(): void {
    this.#pauses.resume();
  }

  /** Nothing of it is heard of again; its handlers have no effect from here on. */
  retire(end: RunEnd): void {
    this.alive = false;
    this.wire.cutOff();
    this.#pauses.stop();
    const { shared, fates } = this.#options;
    if (shared) shared.store.cut = true;
    void this.#serverInbox?.close();
    for (const run of this.running) fates.end(run, end);
    // Its own timers go on in this process: they find a wire that does not answer.
    for (const consumer of this.consumers) void consumer.stop(0);
  }

  async #pause(consumer: QueueConsumer): Promise<void> {
    await consumer.pause();
    // It has gone meanwhile, or goes on.
    if (!this.alive || this.forcedAt < Infinity || consumer.heldFor !== PAUSED) return;
    const { inFlight, running, leases } = consumer.snapshot();
    if (inFlight + running + leases > 0)
      this.#options.fates.blame(`${consumer.name} is paused, and holds ${inFlight} messages and ${leases} leases`);
  }

  #judgeTurns(limit: LimitByKey): TurnsJudge {
    const { shared, fates } = this.#options;
    return new TurnsJudge({
      limit,
      granted: (queue, key) => shared?.store.turns.get(`${queue} ${ownKey(key)}`) ?? 0,
      blame: what => fates.blame(what),
    });
  }

  #decode({ Body, ReceiptHandle }: SqsMessage): EventEnvelope {
    const envelope = decode(Body);
    this.#turns?.noteDecoded(envelope.metadata, ReceiptHandle ?? '');
    return envelope;
  }

  #startPauses(): SimulatedPauses {
    const { shared, stage, schedule } = this.#options;
    const pausables = this.consumers.map(consumer => ({
      useCase: consumer.name,
      pause: () => this.#pause(consumer),
      resume: () => consumer.resume(),
    }));
    const pauses = new SimulatedPauses({
      queues: stage.queues,
      consumers: () => pausables,
      store: schedule.sharing?.pauses ? shared?.store.steering : undefined,
    });
    const start = (): void => {
      for (const consumer of this.consumers) consumer.start();
    };
    const known = pauses.start();
    if (known) void known.then(start);
    else start();
    return pauses;
  }

  #store(): InboxStore | undefined {
    const { shared, noteDone, fateOf, now } = this.#options;
    const { truth } = this;
    if (!truth) return undefined;
    if (shared) return shared.store;
    const memory = new MemoryInboxStore();
    const done = memory.done.bind(memory);
    const noted: MemoryInboxStore['done'] = (claim, how) => {
      const isDone = done(claim, how);
      if (isDone) noteDone(truth, claim, how);
      return isDone;
    };
    memory.done = noted;
    const claim = memory.claim.bind(memory);
    const claiming: MemoryInboxStore['claim'] = (asked, leaseMs) => {
      const result = claim(asked, leaseMs);
      const fate = result.status === 'claimed' ? fateOf(asked) : undefined;
      if (fate) this.claims.set(fate, now());
      return result;
    };
    memory.claim = claiming;
    return memory;
  }

  #startInbox(store: InboxStore): ServerInbox {
    return new ServerInbox({
      store,
      onUnavailable: 'wait',
      logger: SILENT,
      onFault: () => undefined,
      onRecovery: queue => this.consumers.find(({ name }) => name === queue)?.wake(),
    });
  }

  #consumer(queue: string): QueueConsumer {
    const { stage, wire, schedule, shared } = this.#options;
    const settings = this.#settings(queue);
    const one: MessageHandler = (number: number, context: SqsContext) => this.#handlers.one(queue, number, context);
    const many: MessageHandler = (numbers: number[], contexts: SqsBatchContext) =>
      this.#handlers.many(queue, numbers, contexts);
    const handler = this.#batch ? many : one;
    const note = (line: unknown): void => this.steering.noteLine(queue, line);
    const types = this.version.takesNew ? ['work', 'new'] : ['work'];
    return new QueueConsumer({
      queue: {
        name: queue,
        url: stage.url(queue),
        deadLetterQueueUrl: stage.url(stage.letterQueue(queue)),
        fifo: stage.fifo,
      },
      settings,
      inbox: this.#inbox(queue, settings),
      steeringStore: (schedule.sharing ?? schedule.limitByKey) && shared?.store.steering,
      inboxIsShared: this.#serverInbox?.store.isShared ?? false,
      slots: new Slots(Infinity),
      solo: this.#solo,
      wire,
      tags: wire,
      handlers: new HandlerRegistry(types.map(pattern => ({ pattern, queue, subscribed: false, handler }))),
      decode: message => this.#decode(message),
      hooks: (_, work) => work(),
      logger: { ...SILENT, log: note, warn: note },
      watch: this.watch as unknown as ClockWatch,
      onFault: () => undefined,
      onRecovery: () => undefined,
      onDeadLettersRefused: ({ facts }) => this.#options.noteRefused(queue, String(facts['messageId'])),
    });
  }

  #settings(queue: string): ResolvedConsumerOptions {
    const { schedule, stage } = this.#options;
    const { concurrency, maxReceiveCount, ordering, skip } = this.version;
    const consumer: ConsumerOptions = {
      concurrency,
      maxReceiveCount,
      visibilityTimeoutSeconds: schedule.leaseSeconds,
      waitTimeSeconds: schedule.waitSeconds,
      handlerTimeoutMs: schedule.handlerTimeoutMs,
      retentionSeconds: schedule.retentionSeconds,
      retryLaterForSeconds: schedule.retryLaterForSeconds,
      onGroupFailure: skip ? 'skip' : 'block',
      rateLimit: rateLimitOf(schedule, this.#turns),
      circuitBreaker: schedule.circuitBreaker,
      ...(schedule.backoff === 'short' && { backoff: { initialSeconds: 1, maxSeconds: 60 } }),
      ...(this.truth &&
        !stage.fifo && { ordering, gapTimeoutMs: 60_000, onGapTimeout: 'proceed', onInvalidSequence: 'proceed' }),
    };
    const batch = this.#batch && { size: this.#batch.size, windowMs: this.#batch.windowMs };
    return consumerSettings({ consumer }, queue, batch && { batch, concurrency });
  }

  #inbox(queue: string, settings: ResolvedConsumerOptions): Inbox | undefined {
    const inbox = this.#serverInbox;
    if (!inbox) return undefined;
    const leaseMs = settings.visibilityTimeoutSeconds * 1000;
    const health = inbox.healthOf(queue, settings.ordering !== 'none');
    return new Inbox({ queue, store: inbox.store, health, rules: { ...settings, leaseMs, rememberForMs: DAY_MS } });
  }
}

function decode(body: string | undefined): EventEnvelope {
  const { data, ...metadata } = JSON.parse(body ?? '') as EventMetadata & { data: unknown };
  return { metadata, data };
}
