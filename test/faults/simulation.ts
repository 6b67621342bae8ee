import type { MessageHandler } from '@nestjs/microservices';
import { Broker } from '#broker/core/broker.js';
import { SQS_OPERATIONS } from '#broker/core/sqs/operations.js';
import { PublishBatcher } from '#lib/client/publish/publish-batcher.js';
import { DeadLetter, Discard, RetryLater } from '#lib/errors/handler-outcomes.js';
import { Inbox } from '#lib/inbox/inbox.js';
import { MemoryInboxStore } from '#lib/inbox/memory-inbox-store.js';
import { StoreHealth } from '#lib/inbox/store-health.js';
import { consumerSettings } from '#lib/options/server-options.js';
import { HandlerRegistry } from '#lib/server/handle/handler-registry.js';
import { QueueConsumer } from '#lib/server/queue-consumer.js';
import { Slots } from '#lib/server/receive/slots.js';
import type { Message, NewMessage } from '#broker/core/message.js';
import type { MessageEvent, Queue } from '#broker/core/queue/queue.js';
import type { SqsContext } from '#lib/ctx-host/sqs.context.js';
import type { EventMetadata } from '#lib/interfaces/envelope.interface.js';
import type { ConsumerOptions } from '#lib/interfaces/options.interface.js';
import type { InboxClaim, InboxDone } from '#lib/interfaces/inbox-store.interface.js';
import type { ResolvedConsumerOptions } from '#lib/options/server-options.js';
import { randomOf } from '../support/random.mjs';
import { FaultyStore } from './faulty-store.ts';
import { FaultyWire } from './faulty-wire.ts';
import { VirtualTime } from './virtual-time.ts';
import type { FaultRates, Schedule, ScheduledMessage } from './schedule.ts';

const CALL = { origin: 'http://local', gone: false, onGone: () => undefined, onUndelivered: () => undefined };
const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };
const PATTERN = 'work';
const LEASE_SECONDS = 30;
const DAY_MS = 24 * 60 * 60 * 1000;
/** AWS's highest, as the topology sets it where an inbox puts messages off. */
const MOST_RECEIVES = 1_000;
/** What a handler does that nothing is said of. */
const SUCCESS = { outcome: 'ok', ms: 0 } as const;
const NO_FAULTS: FaultRates = {};
/** Longer than every lease, backoff and delay of a schedule together. */
const CALM_MS = 6 * 60 * 60 * 1000;

class Violation extends Error {}

/** One run of a handler that had its effect. */
interface Effect {
  process: SimulatedProcess;
  startedAt: number;
  context: SqsContext;
}

/** What a message went through. */
interface Fate {
  starts: number;
  /** How it ended for good. */
  ends: Array<'done' | 'dead-letter'>;
  group: number;
  effect?: Effect;
}

interface SimulatedProcess {
  wire: FaultyWire;
  store?: FaultyStore;
  health?: StoreHealth;
  alive: boolean;
  running: number[];
  /** By receipt handle, when the handler has ended. */
  endedAt: Map<string, number>;
  consumer: QueueConsumer;
}

interface StartedInbox {
  store?: FaultyStore;
  health?: StoreHealth;
  inbox?: Inbox;
}

/** Of a message; that of a claim is another matter. */
const LEASE_LOST = /^the lease of message(?!.*claim in the inbox)/;

/** Which of the two queues. */
type Kind = 'q' | 'dlq';

/** Of an inbox's key, which ends with the event's id. */
const numberOf = (key: string): number => Number(/e(\d+)$/.exec(key)?.[1]);

/** By number: the messages of a queue. */
const contents = (queue: Queue): Map<number, NewMessage> =>
  new Map([...queue.messages.values()].map(({ content }) => [dataOf(content.body), content]));

const dataOf = (body: string): number => (JSON.parse(body) as { data: number }).data;

/**
 * One schedule: messages are sent, consumers work on them under faults, crash and are started again; then the faults
 * end, and everything must come to its end. Throws when a promise was broken; gives the number of faults done.
 */
export async function simulate(schedule: Schedule): Promise<number> {
  const time = new VirtualTime();
  const { random } = Math;
  time.install();
  // The library's own: what a schedule does follows from it alone, so that it can be replayed.
  Math.random = randomOf(schedule.seed + 1);
  try {
    return await new Simulation(schedule, time).run();
  } finally {
    Math.random = random;
    time.uninstall();
  }
}

class Simulation {
  readonly schedule: Schedule;
  readonly time: VirtualTime;
  readonly random: () => number;
  readonly broker: Broker;
  readonly suffix: string;
  readonly store: MemoryInboxStore | undefined;
  readonly publisher: { wire: FaultyWire; batcher: PublishBatcher };
  storeIsAway = false;
  /** Numbers that the inbox knows as done, and by group the latest of them. */
  readonly known = new Set<number>();
  readonly positions = new Map<number, number>();
  /** By number: when a call to the inbox failed last. */
  readonly storeFaults = new Map<number, number>();
  /** What was done wrong, in order. */
  readonly blamed: string[] = [];
  /** Numbers that SQS has accepted of their publisher; those that a queue has taken may be more. */
  readonly accepted: number[] = [];
  /** By number: how often started, and how it ended for good. */
  readonly fates = new Map<number, Fate>();
  readonly ends = new Map<number, number[]>();
  /** All that ever ran, and those that run now. */
  readonly processes: SimulatedProcess[] = [];
  readonly current: SimulatedProcess[] = [];
  unaccounted: number | undefined;
  /** Effects that nothing excuses but that one of the two handlers was told to stop. */
  readonly repeated: Array<{ number: number; contexts: SqsContext[] }> = [];

  constructor(schedule: Schedule, time: VirtualTime) {
    this.schedule = schedule;
    this.time = time;
    this.random = randomOf(schedule.seed);
    this.broker = new Broker({
      clock: time.clock,
      seed: schedule.seed,
      region: 'us-east-1',
      accountId: '000000000000',
    });
    this.suffix = schedule.fifo ? '.fifo' : '';
    this.store = schedule.inbox ? new MemoryInboxStore({ now: () => time.now }) : undefined;
    this.makeQueues();
    this.publisher = this.startPublisher();
  }

  scheduled(number: number): ScheduledMessage {
    const message = this.schedule.messages[number];
    if (!message) throw new Error(`no message ${number}`);
    return message;
  }

  fateOf(number: number): Fate {
    const fate = this.fates.get(number);
    if (!fate) throw new Violation(`message ${number} is in no queue`);
    return fate;
  }

  at(index: number): SimulatedProcess {
    const process = this.current[index];
    if (!process) throw new Error(`no process ${index}`);
    return process;
  }

  async run(): Promise<number> {
    this.broker.record = (queue, message, what) => this.note(queue, message, what);
    for (let index = 0; index < this.schedule.consumers; index += 1) this.current.push(this.startProcess());
    const events: Array<{ at: number; act: () => unknown }> = [
      ...this.schedule.messages.map((message, number) => ({ at: message.at, act: () => this.send(number, message) })),
      ...this.schedule.crashes.map(({ at, which }) => ({ at, act: () => this.crash(which % this.schedule.consumers) })),
      ...this.schedule.restarts.map(({ at, which }) => ({
        at,
        act: () => this.restart(which % this.schedule.consumers),
      })),
      ...this.schedule.outages.flatMap(({ at, ms }) => [
        { at, act: () => (this.storeIsAway = true) },
        { at: at + ms, act: () => (this.storeIsAway = false) },
      ]),
    ].toSorted((a, b) => a.at - b.at);
    const startedAt = this.time.now;
    for (const { at, act } of events) {
      await this.time.run(Math.max(0, startedAt + at - this.time.now));
      await act();
      this.throwBlamed();
    }
    for (const faulty of [...this.wires, ...this.stores]) faulty.faults = NO_FAULTS;
    let published = false;
    void this.publisher.batcher.flush().then(() => {
      published = true;
    });
    await this.time.run(CALM_MS, () => published && this.queue('q').messages.size === 0);
    this.throwBlamed();
    this.checkFates();
    await this.stopAll();
    this.throwBlamed();
    return [...this.wires, ...this.stores].reduce((sum, { injected }) => sum + injected, 0);
  }

  get wires(): FaultyWire[] {
    return [this.publisher, ...this.processes].map(({ wire }) => wire);
  }

  get stores(): FaultyStore[] {
    return this.processes.map(({ store }) => store).filter(store => store !== undefined);
  }

  /** The inbox has marked the event of a claim. */
  noteDone({ key }: InboxClaim, { position }: InboxDone): void {
    const number = numberOf(key);
    this.known.add(number);
    if (position === undefined) return;
    const { group } = this.scheduled(number);
    // A done that is repeated, its first answer having been lost, changes nothing any more.
    this.positions.set(group, Math.max(number, this.positions.get(group) ?? 0));
  }

  noteStoreFault(claims: readonly InboxClaim[]): void {
    for (const { key } of claims) this.storeFaults.set(numberOf(key), this.time.now);
  }

  throwBlamed(): void {
    this.checkAccounted();
    const [first] = this.blamed;
    if (first !== undefined) throw new Violation(first);
  }

  /** @param endedAt of a process: by receipt handle, when the handler has ended */
  wire(endedAt = new Map<string, number>()): FaultyWire {
    return new FaultyWire(this.broker, this.random, this.schedule.faults, LEASE_SECONDS, {
      blame: what => void this.blamed.push(what),
      endOf: receiptHandle => endedAt.get(receiptHandle),
    });
  }

  startPublisher(): { wire: FaultyWire; batcher: PublishBatcher } {
    const wire = this.wire();
    const batcher = new PublishBatcher({
      send: entries => wire.sendBatch(this.url('q'), entries),
      maxBatchBytes: 1_048_576,
      ordered: this.schedule.fifo,
      random: this.random,
    });
    return { wire, batcher };
  }

  /** What happens to a message, in the moment in which it does: at no time may it be nowhere. */
  note(queue: Queue, { content }: Message, what: MessageEvent): void {
    if (what !== 'dead-lettered') this.checkAccounted();
    // SQS's own move to the dead letter queue is a removal first.
    else this.unaccounted = undefined;
    if (queue !== this.queue('q') || (what !== 'sent' && what !== 'removed')) return;
    const number = dataOf(content.body);
    if (what === 'sent') this.arrived(number);
    else if (!this.hasEnd(number) && !this.isThere(number)) this.unaccounted = number;
  }

  /** Handled, or skipped: one that followed it of its subject was done before. */
  hasEnd(number: number): boolean {
    const { ends, group } = this.fateOf(number);
    return ends.includes('done') || (this.isOrdered && number < (this.positions.get(group) ?? 0));
  }

  isThere(number: number): boolean {
    return (['q', 'dlq'] as const).some(name => contents(this.queue(name)).has(number));
  }

  checkAccounted(): void {
    if (this.unaccounted === undefined) return;
    this.blamed.push(`message ${this.unaccounted} was deleted without having come to an end`);
    this.unaccounted = undefined;
  }

  arrived(number: number): void {
    const { group } = this.scheduled(number);
    if (this.fates.has(number)) return;
    const later = [...this.fates].some(([other, fate]) => fate.group === group && other > number);
    if (this.schedule.fifo && later) this.blamed.push(`message ${number} was published after one that followed it`);
    this.fates.set(number, { starts: 0, ends: [], group });
  }

  makeQueues(): void {
    const type = this.schedule.fifo
      ? { FifoQueue: 'true', DeduplicationScope: 'messageGroup', FifoThroughputLimit: 'perMessageGroupId' }
      : {};
    this.operation('CreateQueue', { QueueName: `dlq${this.suffix}`, Attributes: type });
    const redrive = {
      deadLetterTargetArn: this.broker.queueArn(`dlq${this.suffix}`),
      // As the topology makes it.
      maxReceiveCount: this.schedule.inbox
        ? MOST_RECEIVES
        : this.schedule.fifo
          ? this.schedule.maxReceiveCount * 10
          : this.schedule.maxReceiveCount + 5,
    };
    this.operation('CreateQueue', {
      QueueName: `q${this.suffix}`,
      Attributes: { ...type, RedrivePolicy: JSON.stringify(redrive) },
    });
  }

  operation(name: string, input: Record<string, unknown>): void {
    void SQS_OPERATIONS.get(name)?.(this.broker, input, CALL);
    this.broker.settle();
  }

  queue(kind: Kind): Queue {
    const queue = this.broker.queues.get(`${kind}${this.suffix}`);
    if (!queue) throw new Error(`no queue ${kind}`);
    return queue;
  }

  url(kind: Kind): string {
    return `http://local/000000000000/${kind}${this.suffix}`;
  }

  send(number: number, { group }: ScheduledMessage): void {
    const place = { subject: `g${group}`, sequence: String(number) };
    const body = { specversion: '1.0', id: `e${number}`, source: 's', type: PATTERN, ...place, data: number };
    const entry = {
      body: JSON.stringify(body),
      attributes: {},
      ...(this.schedule.fifo && { groupId: `g${group}`, deduplicationId: `d${number}` }),
    };
    void this.publisher.batcher
      .add(entry.groupId, () => Promise.resolve(entry))
      .then(failure => {
        if (!failure) this.accepted.push(number);
      });
  }

  startProcess(): SimulatedProcess {
    const endedAt = new Map<string, number>();
    const wire = this.wire(endedAt);
    const settings = this.settings();
    const { store, health, inbox } = this.startInbox(settings, () => consumer.wake());
    const handler: MessageHandler = (number: number, context: SqsContext) => this.handle(process, number, context);
    const consumer = new QueueConsumer({
      queue: { name: 'q', url: this.url('q'), deadLetterQueueUrl: this.url('dlq'), fifo: this.schedule.fifo },
      settings,
      inbox,
      inboxIsShared: true,
      slots: new Slots(Infinity),
      wire,
      handlers: new HandlerRegistry([{ pattern: PATTERN, queue: 'q', subscribed: false, handler: handler }]),
      decode: ({ Body }) => {
        const { data, ...metadata } = JSON.parse(Body ?? '') as EventMetadata & { data: unknown };
        return { metadata, data };
      },
      hooks: (_, work) => work(),
      logger: SILENT,
      onFault: () => undefined,
      onRecovery: () => undefined,
    });
    const process: SimulatedProcess = {
      wire,
      ...(store && { store }),
      ...(health && { health }),
      alive: true,
      running: [],
      endedAt,
      consumer,
    };
    consumer.start();
    this.processes.push(process);
    return process;
  }

  settings(): ResolvedConsumerOptions {
    const { concurrency, maxReceiveCount, skip, ordering } = this.schedule;
    const consumer: ConsumerOptions = {
      concurrency,
      maxReceiveCount,
      visibilityTimeoutSeconds: LEASE_SECONDS,
      waitTimeSeconds: 20,
      handlerTimeoutMs: 120_000,
      backoff: { initialSeconds: 1, maxSeconds: 60 },
      onGroupFailure: skip ? 'skip' : 'block',
      ...(this.isOrdered && { ordering, gapTimeoutMs: 60_000, onGapTimeout: 'proceed', onInvalidSequence: 'proceed' }),
    };
    return consumerSettings({ consumer }, 'q');
  }

  get isOrdered(): boolean {
    const { inbox, fifo, ordering } = this.schedule;
    return inbox && !fifo && ordering !== 'none';
  }

  startInbox(settings: ResolvedConsumerOptions, onRecovery: () => void): StartedInbox {
    if (!this.store) return {};
    const store = new FaultyStore(this.store, this.random, this.schedule.faults, this);
    const common = { store, random: this.random, now: () => this.time.now };
    const health = new StoreHealth({
      queue: 'q',
      ...common,
      onUnavailable: 'wait',
      logger: SILENT,
      onFault: () => undefined,
      onRecovery,
    });
    const rules = { ...settings, leaseMs: LEASE_SECONDS * 1000, rememberForMs: DAY_MS };
    return { store, health, inbox: new Inbox({ queue: 'q', store, health, rules, now: common.now }) };
  }

  /** kill -9: nothing of the process is heard of again, its handlers have no effect from here on. */
  crash(index: number): void {
    this.retire(this.at(index));
    this.current[index] = this.startProcess();
  }

  /** SIGTERM, and a new process at the same time. */
  async restart(index: number): Promise<void> {
    const process = this.at(index);
    this.current[index] = this.startProcess();
    let isStopped = false;
    void process.consumer.stop(5_000).then(() => {
      isStopped = true;
    });
    await this.time.run(60_000, () => isStopped);
    if (!isStopped) throw new Violation('stop(5000) has not ended after a minute');
    this.retire(process);
  }

  retire(process: SimulatedProcess): void {
    process.alive = false;
    process.wire.cutOff();
    if (process.store) process.store.cut = true;
    process.health?.stop();
    // Its own timers go on in this process: they find a wire that does not answer.
    void process.consumer.stop(0);
  }

  async handle(process: SimulatedProcess, number: number, context: SqsContext): Promise<void> {
    const fate = this.fateOf(number);
    fate.starts += 1;
    this.checkInbox(number, fate);
    const { outcomes } = this.scheduled(number);
    const { outcome, ms } = outcomes[Math.min(fate.starts, outcomes.length) - 1] ?? SUCCESS;
    this.checkLimits(process, number, fate);
    const startedAt = this.time.now;
    await new Promise(resolve => setTimeout(resolve, ms));
    if (!process.alive) return new Promise(() => undefined);
    process.running.splice(process.running.indexOf(number), 1);
    process.endedAt.set(context.getMessage().ReceiptHandle ?? '', this.time.now);
    switch (outcome) {
      case 'throw':
        throw new Error('injected');
      case 'retry-later':
        throw new RetryLater(5);
      case 'dead-letter':
        fate.ends.push('dead-letter');
        throw new DeadLetter('injected');
      case 'discard':
        this.end(number, fate, { process, startedAt, context });
        throw new Discard('injected');
      default:
        this.end(number, fate, { process, startedAt, context });
        return undefined;
    }
  }

  checkLimits({ running }: SimulatedProcess, number: number, { group }: Fate): void {
    running.push(number);
    const { concurrency, fifo } = this.schedule;
    if (running.length > concurrency)
      this.blamed.push(`${running.length} handlers at once, not ${concurrency} at most`);
    if (fifo && running.some(other => other !== number && this.fateOf(other).group === group))
      this.blamed.push(`two messages of group ${group} at once in one process`);
  }

  /** What the inbox knows as done is not run again, nor what is older than the latest of its subject. */
  checkInbox(number: number, { group }: Fate): void {
    if (this.known.has(number)) this.blamed.push(`message ${number} was run although the inbox knew it as done`);
    const position = this.positions.get(group) ?? 0;
    if (this.isOrdered && number < position)
      this.blamed.push(`message ${number} was run after ${position} of its subject`);
  }

  /**
   * With an inbox an effect is repeated only where the inbox could not be told of the one before, or a handler went on
   * when it was told to stop; one that has no signal to be told by is not excused by the loss of its message's lease.
   */
  checkOnce(number: number, { effect }: Fate, { context, startedAt }: Effect): void {
    if (!this.store || !effect?.process.alive) return;
    // Of two that ran at once the one that ends last may have begun first, and lost its claim before the other began.
    const storeFailed = (this.storeFaults.get(number) ?? -1) >= Math.min(startedAt, effect.startedAt);
    if (!storeFailed) this.repeated.push({ number, contexts: [effect.context, context] });
  }

  /** Asked when all is over: a handler that asks for its signal is one that heeds it. */
  checkRepeated(): void {
    for (const { number, contexts } of this.repeated) {
      if (!contexts.some(context => this.wasStopped(context)))
        throw new Violation(`message ${number} had its effect twice`);
    }
  }

  wasStopped(context: SqsContext): boolean {
    const { aborted, reason } = context.getSignal();
    return aborted && (this.schedule.heedful || !LEASE_LOST.test((reason as Error).message));
  }

  end(number: number, fate: Fate, effect: Effect): void {
    if (this.schedule.heedful) effect.context.getSignal();
    this.checkOnce(number, fate, effect);
    fate.effect = effect;
    fate.ends.push('done');
    const order = this.ends.get(fate.group) ?? [];
    this.ends.set(fate.group, order);
    if (!order.includes(number)) order.push(number);
  }

  checkFates(): void {
    this.checkRepeated();
    const left = contents(this.queue('q'));
    if (left.size > 0) throw new Violation(`without an end after the faults were over: ${[...left.keys()].join()}`);
    const unknown = this.accepted.filter(number => !this.fates.has(number));
    if (unknown.length > 0) throw new Violation(`accepted of the publisher and in no queue: ${unknown.join()}`);
    const letters = contents(this.queue('dlq'));
    for (const [number, { starts, ends }] of this.fates) {
      if (!letters.has(number) && !this.hasEnd(number))
        throw new Violation(`message ${number} is lost: ${starts} starts, ${ends.join() || 'no end'}`);
      const letter = letters.get(number);
      if (letter && starts === 0 && !this.wasMovedUnheard(letter))
        throw new Violation(`message ${number} was dead-lettered and never tried`);
    }
    if (!this.schedule.fifo) return;
    for (const [group, order] of this.ends) {
      const inOrder = order.filter(number => !letters.has(number));
      if (inOrder.some((number, index) => number < (inOrder[index - 1] ?? -1))) {
        throw new Violation(`group ${group} out of order: ${order.join()}`);
      }
    }
  }

  /** What a consumer holds for a message is gone once it is closed. */
  checkEmpty(consumer: QueueConsumer): void {
    for (const [what, count] of Object.entries(consumer.snapshot()))
      if (count !== 0) throw new Violation(`${count} ${what} are left in a closed consumer`);
  }

  /** SQS itself moved it, having handed it out more often than allowed to those who never heard of it. */
  wasMovedUnheard({ id, attributes }: NewMessage): boolean {
    const unheard = this.processes.reduce((sum, { wire }) => sum + (wire.unheard.get(id) ?? 0), 0);
    return !attributes?.values.has('deadletter.reason') && unheard > this.schedule.maxReceiveCount;
  }

  async stopAll(): Promise<void> {
    for (const { health } of this.processes) health?.stop();
    const stops = this.processes.map(({ consumer }) => consumer.stop(0));
    let ended = false;
    void Promise.all(stops).then(() => {
      ended = true;
    });
    await this.time.run(120_000, () => ended);
    if (!ended) throw new Violation('a consumer has not stopped');
    await this.time.run(150_000);
    if (this.time.pending > 0) throw new Violation(`${this.time.pending} timers are left after everything has stopped`);
    for (const { consumer } of this.processes.filter(({ alive }) => alive)) this.checkEmpty(consumer);
  }
}
