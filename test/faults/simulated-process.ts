import { Inbox } from '#lib/inbox/inbox.js';
import { MemoryInboxStore } from '#lib/inbox/memory-inbox-store.js';
import type { SqsContext } from '#lib/ctx-host/sqs.context.js';
import { DeadLetter, Discard, RetryLater } from '#lib/errors/handler-outcomes.js';
import type { EventEnvelope, EventMetadata } from '#lib/interfaces/envelope.interface.js';
import type { InboxClaim, InboxDone, InboxStore } from '#lib/interfaces/inbox-store.interface.js';
import type { ConsumerOptions } from '#lib/interfaces/options.interface.js';
import { consumerSettings, type ResolvedConsumerOptions } from '#lib/options/server-options.js';
import { HandlerRegistry } from '#lib/server/handle/handler-registry.js';
import { ServerInbox } from '#lib/server/server-inbox.js';
import { QueueConsumer } from '#lib/server/queue-consumer.js';
import { Slots } from '#lib/server/receive/slots.js';
import type { FaultyStore } from './faulty-store.ts';
import type { FaultyWire } from './faulty-wire.ts';
import { StoreTruth, type Fates, type Run, type RunEnd, type Runner } from './fates.ts';
import type { ClockWatch } from '#lib/async/clock-watch.js';
import { type Schedule, type Step, type Version } from './schedule.ts';
import type { Stage } from './stage.ts';
import { PAUSED, SteeringJudge } from './steering-judge.ts';
import { SteppedWatch } from './stepped-watch.ts';

const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };
/** Within every `handlerTimeoutMs`. */
const QUICK_MS = 500;
const DAY_MS = 24 * 60 * 60 * 1000;
/** What a handler does that nothing is said of. */
const SUCCESS: Step = { outcome: 'ok', ms: 0, seconds: 0 };

export interface ProcessOptions {
  schedule: Schedule;
  version: Version;
  stage: Stage;
  fates: Fates;
  wire: FaultyWire;
  /** By receipt handle, when the handler has ended. */
  endedAt: Map<string, number>;
  /** The way to the inbox that all share, and what that knows. */
  shared: { store: FaultyStore; truth: StoreTruth } | undefined;
  random: () => number;
  now: () => number;
  noteDone: (truth: StoreTruth, claim: InboxClaim, done: InboxDone) => void;
  /** It has said that the dead letter queue does not take the message. */
  noteRefused: (queue: string, messageId: string) => void;
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
  readonly running = new Set<Run>();
  readonly version: Version;
  readonly truth: StoreTruth | undefined;
  readonly wire: FaultyWire;
  readonly consumers: QueueConsumer[];
  readonly steering: SteeringJudge;
  /** It looks when it is told to. */
  readonly watch = new SteppedWatch();
  readonly #options: ProcessOptions;
  readonly #serverInbox: ServerInbox | undefined;

  constructor(options: ProcessOptions) {
    const { schedule, shared } = options;
    this.#options = options;
    this.version = options.version;
    this.wire = options.wire;
    this.truth = schedule.inbox === 'none' ? undefined : (shared?.truth ?? new StoreTruth());
    this.steering = new SteeringJudge({
      ...schedule,
      heldFor: queue => this.consumers.find(({ name }) => name === queue)?.heldFor,
      blame: what => options.fates.blame(what),
    });
    this.wire.onReceived = (url, count) => this.steering.noteReceived(url.slice(url.lastIndexOf('/') + 1), count);
    const store = this.#store();
    this.#serverInbox = store && this.#startInbox(store);
    this.consumers = options.stage.queues.map(queue => this.#consumer(queue));
    for (const consumer of this.consumers) consumer.start();
  }

  /** As `close()` does with all of its consumers. */
  async stop(timeoutMs: number): Promise<void> {
    this.forcedAt = this.#options.now() + timeoutMs;
    await Promise.all(this.consumers.map(consumer => consumer.stop(timeoutMs)));
    this.stopped = true;
    await this.#serverInbox?.close();
  }

  /** As `server.pause()` does, and `resume()` after so long. */
  async pause(ms: number): Promise<void> {
    setTimeout(() => {
      for (const consumer of this.consumers) consumer.resume();
    }, ms);
    await Promise.all(this.consumers.map(consumer => this.#pause(consumer)));
  }

  /** Nothing of it is heard of again; its handlers have no effect from here on. */
  retire(end: RunEnd): void {
    this.alive = false;
    this.wire.cutOff();
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

  #store(): InboxStore | undefined {
    const { shared, noteDone } = this.#options;
    const { truth } = this;
    if (!truth) return undefined;
    if (shared) return shared.store;
    const memory = new MemoryInboxStore();
    const done = memory.done.bind(memory);
    memory.done = (claim, how) => {
      const isDone = done(claim, how);
      if (isDone) noteDone(truth, claim, how);
      return isDone;
    };
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
    const { stage, wire } = this.#options;
    const settings = this.#settings(queue);
    const handler = (number: number, context: SqsContext): Promise<void> => this.#handle(queue, number, context);
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
      inboxIsShared: this.#serverInbox?.store.isShared ?? false,
      slots: new Slots(Infinity),
      wire,
      tags: wire,
      handlers: new HandlerRegistry(types.map(pattern => ({ pattern, queue, subscribed: false, handler }))),
      decode: ({ Body }) => decode(Body),
      hooks: (_, work) => work(),
      logger: SILENT,
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
      rateLimit: schedule.rateLimit,
      circuitBreaker: schedule.circuitBreaker,
      ...(schedule.backoff === 'short' && { backoff: { initialSeconds: 1, maxSeconds: 60 } }),
      ...(this.truth &&
        !stage.fifo && { ordering, gapTimeoutMs: 60_000, onGapTimeout: 'proceed', onInvalidSequence: 'proceed' }),
    };
    return consumerSettings({ consumer }, queue);
  }

  #inbox(queue: string, settings: ResolvedConsumerOptions): Inbox | undefined {
    const inbox = this.#serverInbox;
    if (!inbox) return undefined;
    const leaseMs = settings.visibilityTimeoutSeconds * 1000;
    const health = inbox.healthOf(queue, settings.ordering !== 'none');
    return new Inbox({ queue, store: inbox.store, health, rules: { ...settings, leaseMs, rememberForMs: DAY_MS } });
  }

  async #handle(queue: string, number: number, context: SqsContext): Promise<void> {
    const { fates, schedule, endedAt, kill } = this.#options;
    const fate = fates.get(queue, number);
    const run = fates.begin(fate, this, context);
    const { outcome, ms, seconds } = this.#stepOf(run);
    const stopped = await (schedule.heed === 'stops' ? pauseOrStop(ms, context.getSignal()) : pause(ms));
    // It died meanwhile, or its process ended.
    if (run.end) return forever();
    endedAt.set(context.getMessage().ReceiptHandle ?? '', performance.now());
    if (stopped) {
      fates.end(run, isByStop(stopped) ? 'cut' : 'stopped');
      throw stopped;
    }
    if (outcome === 'kill') {
      kill();
      return forever();
    }
    if (schedule.heed === 'asks') context.getSignal();
    fates.end(run, outcome);
    const text = `injected ${outcome} of ${queue}/${number} at start ${run.start}`;
    if (outcome === 'throw') throw new Error(text);
    if (outcome === 'retry-later') throw new RetryLater(seconds, text);
    if (outcome === 'dead-letter') throw new DeadLetter(text);
    if (outcome === 'discard') throw new Discard(text);
  }

  #stepOf({ fate: { outcomes }, start }: Run): Step {
    const step = outcomes[Math.min(start, outcomes.length) - 1] ?? SUCCESS;
    const { schedule, isCalm } = this.#options;
    if (!schedule.circuitBreaker || !isCalm()) return step;
    // A dependency that is never back is asked for ever.
    return { ...step, outcome: step.outcome === 'throw' ? 'ok' : step.outcome, ms: Math.min(step.ms, QUICK_MS) };
  }
}

function decode(body: string | undefined): EventEnvelope {
  const { data, ...metadata } = JSON.parse(body ?? '') as EventMetadata & { data: unknown };
  return { metadata, data };
}

const isByStop = ({ message }: Error): boolean => message.includes('the server is stopping');

const forever = <T>(): Promise<T> => new Promise(() => undefined);

const pause = (ms: number): Promise<undefined> => new Promise(resolve => setTimeout(() => resolve(undefined), ms));

/** Resolves to the reason when the signal aborts before. */
function pauseOrStop(ms: number, signal: AbortSignal): Promise<Error | undefined> {
  return new Promise(resolve => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve(signal.aborted ? (signal.reason as Error) : undefined);
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}
