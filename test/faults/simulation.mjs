import { Broker } from '../../dist/libs/local-sns-sqs/esm/core/broker.js';
import { SQS_OPERATIONS } from '../../dist/libs/local-sns-sqs/esm/core/sqs/operations.js';
import { PublishBatcher } from '../../dist/libs/nestjs-sns-sqs/esm/client/publish/publish-batcher.js';
import { DeadLetter, Discard, RetryLater } from '../../dist/libs/nestjs-sns-sqs/esm/errors/handler-outcomes.js';
import { Inbox } from '../../dist/libs/nestjs-sns-sqs/esm/inbox/inbox.js';
import { MemoryInboxStore } from '../../dist/libs/nestjs-sns-sqs/esm/inbox/memory-inbox-store.js';
import { StoreHealth } from '../../dist/libs/nestjs-sns-sqs/esm/inbox/store-health.js';
import { consumerSettings } from '../../dist/libs/nestjs-sns-sqs/esm/options/server-options.js';
import { HandlerRegistry } from '../../dist/libs/nestjs-sns-sqs/esm/server/handle/handler-registry.js';
import { QueueConsumer } from '../../dist/libs/nestjs-sns-sqs/esm/server/queue-consumer.js';
import { Slots } from '../../dist/libs/nestjs-sns-sqs/esm/server/receive/slots.js';
import { randomOf } from '../support/random.mjs';
import { FaultyStore } from './faulty-store.mjs';
import { FaultyWire } from './faulty-wire.mjs';
import { VirtualTime } from './virtual-time.mjs';

const CALL = { origin: 'http://local', gone: false, onGone: () => undefined, onUndelivered: () => undefined };
const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };
const PATTERN = 'work';
const LEASE_SECONDS = 30;
const DAY_MS = 24 * 60 * 60 * 1000;
/** AWS's highest, as the topology sets it where an inbox puts messages off. */
const MOST_RECEIVES = 1_000;
const NO_FAULTS = {};
/** Longer than every lease, backoff and delay of a schedule together. */
const CALM_MS = 6 * 60 * 60 * 1000;

class Violation extends Error {}

/** Of an inbox's key, which ends with the event's id. */
const numberOf = key => Number(/e(\d+)$/.exec(key)[1]);

/** By number: the messages of a queue. */
const contents = queue =>
  new Map([...queue.messages.values()].map(({ content }) => [JSON.parse(content.body).data, content]));

/**
 * One schedule: messages are sent, consumers work on them under faults, crash and are started again; then the faults
 * end, and everything must come to its end. Throws when a promise was broken; gives the number of faults done.
 */
export async function simulate(schedule) {
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
  constructor(schedule, time) {
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
    this.storeIsAway = false;
    /** Numbers that the inbox knows as done, and by group the latest of them. */
    this.known = new Set();
    this.positions = new Map();
    /** By number: when a call to the inbox failed last. */
    this.storeFaults = new Map();
    /** What was done wrong, in order. */
    this.blamed = [];
    /** Numbers that SQS has accepted of their publisher; those that a queue has taken may be more. */
    this.accepted = [];
    /** By number: how often started, and how it ended for good. */
    this.fates = new Map();
    this.ends = new Map();
    /** All that ever ran, and those that run now. */
    this.processes = [];
    this.current = [];
  }

  async run() {
    this.makeQueues();
    this.broker.record = (queue, message, what) => this.note(queue, message, what);
    this.publisher = this.startPublisher();
    for (let index = 0; index < this.schedule.consumers; index += 1) this.current.push(this.startProcess());
    const events = [
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

  get wires() {
    return [this.publisher, ...this.processes].map(({ wire }) => wire);
  }

  get stores() {
    return this.processes.map(({ store }) => store).filter(store => store !== undefined);
  }

  /** The inbox has marked the event of a claim. */
  noteDone({ key }, { position }) {
    const number = numberOf(key);
    this.known.add(number);
    if (position === undefined) return;
    const { group } = this.schedule.messages[number];
    // A done that is repeated, its first answer having been lost, changes nothing any more.
    this.positions.set(group, Math.max(number, this.positions.get(group) ?? 0));
  }

  noteStoreFault(claims) {
    for (const { key } of [claims].flat()) if (key !== undefined) this.storeFaults.set(numberOf(key), Date.now());
  }

  throwBlamed() {
    this.checkAccounted();
    if (this.blamed.length > 0) throw new Violation(this.blamed[0]);
  }

  /** @param endedAt of a process: by receipt handle, when the handler has ended */
  wire(endedAt = new Map()) {
    return new FaultyWire(this.broker, this.random, this.schedule.faults, LEASE_SECONDS, {
      blame: what => this.blamed.push(what),
      endOf: receiptHandle => endedAt.get(receiptHandle),
    });
  }

  startPublisher() {
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
  note(queue, { content }, what) {
    if (what !== 'dead-lettered') this.checkAccounted();
    // SQS's own move to the dead letter queue is a removal first.
    else this.unaccounted = undefined;
    if (queue !== this.queue('q') || (what !== 'sent' && what !== 'removed')) return;
    const { data: number } = JSON.parse(content.body);
    if (what === 'sent') this.arrived(number);
    else if (!this.hasEnd(number) && !this.isThere(number)) this.unaccounted = number;
  }

  /** Handled, or skipped: one that followed it of its subject was done before. */
  hasEnd(number) {
    const { ends, group } = this.fates.get(number);
    return ends.includes('done') || (this.isOrdered && number < this.positions.get(group));
  }

  isThere(number) {
    return ['q', 'dlq'].some(name => contents(this.queue(name)).has(number));
  }

  checkAccounted() {
    if (this.unaccounted === undefined) return;
    this.blamed.push(`message ${this.unaccounted} was deleted without having come to an end`);
    this.unaccounted = undefined;
  }

  arrived(number) {
    const { group } = this.schedule.messages[number];
    if (this.fates.has(number)) return;
    const later = [...this.fates].some(([other, fate]) => fate.group === group && other > number);
    if (this.schedule.fifo && later) this.blamed.push(`message ${number} was published after one that followed it`);
    this.fates.set(number, { starts: 0, ends: [], group });
  }

  makeQueues() {
    const type = this.schedule.fifo
      ? { FifoQueue: 'true', DeduplicationScope: 'messageGroup', FifoThroughputLimit: 'perMessageGroupId' }
      : {};
    void this.operation('CreateQueue', { QueueName: `dlq${this.suffix}`, Attributes: type });
    const redrive = {
      deadLetterTargetArn: this.broker.queueArn(`dlq${this.suffix}`),
      // As the topology makes it.
      maxReceiveCount: this.schedule.inbox
        ? MOST_RECEIVES
        : this.schedule.fifo
          ? this.schedule.maxReceiveCount * 10
          : this.schedule.maxReceiveCount + 5,
    };
    void this.operation('CreateQueue', {
      QueueName: `q${this.suffix}`,
      Attributes: { ...type, RedrivePolicy: JSON.stringify(redrive) },
    });
  }

  operation(name, input) {
    const output = SQS_OPERATIONS.get(name)(this.broker, input, CALL);
    this.broker.settle();
    return output;
  }

  queue(kind) {
    return this.broker.queues.get(`${kind === 'dlq' ? 'dlq' : 'q'}${this.suffix}`);
  }

  url(kind) {
    return `http://local/000000000000/${kind}${this.suffix}`;
  }

  send(number, { group }) {
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

  startProcess() {
    const endedAt = new Map();
    const wire = this.wire(endedAt);
    const settings = this.settings();
    const process = {
      wire,
      alive: true,
      running: [],
      endedAt,
      ...this.startInbox(settings, () => process.consumer.wake()),
    };
    const handler = (number, context) => this.handle(process, number, context);
    process.consumer = new QueueConsumer({
      queue: { name: 'q', url: this.url('q'), deadLetterQueueUrl: this.url('dlq'), fifo: this.schedule.fifo },
      settings,
      inbox: process.inbox,
      inboxIsShared: true,
      slots: new Slots(Infinity),
      wire,
      handlers: new HandlerRegistry([{ pattern: PATTERN, queue: 'q', subscribed: false, handler }]),
      decode: ({ Body }) => {
        const { data, ...metadata } = JSON.parse(Body);
        return { metadata, data };
      },
      hooks: (_, work) => work(),
      logger: SILENT,
      onFault: () => undefined,
      onRecovery: () => undefined,
    });
    process.consumer.start();
    this.processes.push(process);
    return process;
  }

  settings() {
    const { concurrency, maxReceiveCount, skip, ordering } = this.schedule;
    const consumer = {
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

  get isOrdered() {
    const { inbox, fifo, ordering } = this.schedule;
    return inbox && !fifo && ordering !== 'none';
  }

  startInbox(settings, onRecovery) {
    if (!this.store) return {};
    const store = new FaultyStore(this.store, this.random, this.schedule.faults, this);
    const common = { store, random: this.random, now: () => this.time.now };
    const health = new StoreHealth({
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
  crash(index) {
    this.retire(this.current[index]);
    this.current[index] = this.startProcess();
  }

  /** SIGTERM, and a new process at the same time. */
  async restart(index) {
    const process = this.current[index];
    this.current[index] = this.startProcess();
    let isStopped = false;
    void process.consumer.stop(5_000).then(() => {
      isStopped = true;
    });
    await this.time.run(60_000, () => isStopped);
    if (!isStopped) throw new Violation('stop(5000) has not ended after a minute');
    this.retire(process);
  }

  retire(process) {
    process.alive = false;
    process.wire.cut = true;
    process.wire.onCut?.();
    if (process.store) process.store.cut = true;
    process.health?.stop();
    // Its own timers go on in this process: they find a wire that does not answer.
    void process.consumer.stop(0);
  }

  async handle(process, number, context) {
    const fate = this.fates.get(number);
    fate.starts += 1;
    this.checkInbox(number, fate);
    const script = this.schedule.messages[number].outcomes;
    const { outcome, ms } = script[Math.min(fate.starts, script.length) - 1];
    this.checkLimits(process, number, fate);
    const startedAt = Date.now();
    await new Promise(resolve => setTimeout(resolve, ms));
    if (!process.alive) return new Promise(() => undefined);
    process.running.splice(process.running.indexOf(number), 1);
    process.endedAt.set(context.getMessage().ReceiptHandle, Date.now());
    switch (outcome) {
      case 'throw':
        throw new Error('injected');
      case 'retry-later':
        throw new RetryLater(5);
      case 'dead-letter':
        fate.ends.push('dead-letter');
        throw new DeadLetter('injected');
      case 'discard':
        this.end(number, fate, { process, startedAt }, context);
        throw new Discard('injected');
      default:
        this.end(number, fate, { process, startedAt }, context);
        return undefined;
    }
  }

  checkLimits({ running }, number, { group }) {
    running.push(number);
    const { concurrency, fifo } = this.schedule;
    if (running.length > concurrency)
      this.blamed.push(`${running.length} handlers at once, not ${concurrency} at most`);
    if (fifo && running.some(other => other !== number && this.fates.get(other).group === group))
      this.blamed.push(`two messages of group ${group} at once in one process`);
  }

  /** What the inbox knows as done is not run again, nor what is older than the latest of its subject. */
  checkInbox(number, { group }) {
    if (this.known.has(number)) this.blamed.push(`message ${number} was run although the inbox knew it as done`);
    if (this.isOrdered && number < this.positions.get(group))
      this.blamed.push(`message ${number} was run after ${this.positions.get(group)} of its subject`);
  }

  /**
   * With an inbox an effect is repeated only where the inbox could not be told of the one before, or a handler went on
   * when it was told to stop; one that has no signal to be told by is not excused by the loss of its message's lease.
   */
  checkOnce(number, { effect }, delivery, startedAt) {
    if (!this.store || !effect || this.wasStopped(delivery)) return;
    // Of two that ran at once the one that ends last may have begun first, and lost its claim before the other began.
    const storeFailed = (this.storeFaults.get(number) ?? -1) >= Math.min(startedAt, effect.startedAt);
    if (effect.process.alive && !this.wasStopped(effect.delivery) && !storeFailed)
      this.blamed.push(`message ${number} had its effect twice`);
  }

  /** Seen from inside: to ask for the signal is what makes the difference. */
  wasStopped({ controller, leaseLost }) {
    if (!controller?.signal.aborted) return false;
    const isOfMessage = leaseLost && !/claim in the inbox/.test(controller.signal.reason.message);
    return this.schedule.heedful || !isOfMessage;
  }

  end(number, fate, run, context) {
    if (this.schedule.heedful) context.getSignal();
    const { delivery } = context.args[0];
    this.checkOnce(number, fate, delivery, run.startedAt);
    fate.effect = { ...run, delivery };
    fate.ends.push('done');
    const order = this.ends.get(fate.group) ?? [];
    this.ends.set(fate.group, order);
    if (!order.includes(number)) order.push(number);
  }

  checkFates() {
    const left = contents(this.queue('q'));
    if (left.size > 0) throw new Violation(`without an end after the faults were over: ${[...left.keys()].join()}`);
    const unknown = this.accepted.filter(number => !this.fates.has(number));
    if (unknown.length > 0) throw new Violation(`accepted of the publisher and in no queue: ${unknown.join()}`);
    const letters = contents(this.queue('dlq'));
    for (const [number, { starts, ends }] of this.fates) {
      if (!letters.has(number) && !this.hasEnd(number))
        throw new Violation(`message ${number} is lost: ${starts} starts, ${ends.join() || 'no end'}`);
      if (letters.has(number) && starts === 0 && !this.wasMovedUnheard(letters.get(number)))
        throw new Violation(`message ${number} was dead-lettered and never tried`);
    }
    if (!this.schedule.fifo) return;
    for (const [group, order] of this.ends) {
      const inOrder = order.filter(number => !letters.has(number));
      if (inOrder.some((number, index) => index > 0 && number < inOrder[index - 1])) {
        throw new Violation(`group ${group} out of order: ${order.join()}`);
      }
    }
  }

  /** What a consumer holds for a message is gone once it is closed. */
  checkEmpty(consumer) {
    for (const [what, count] of Object.entries(consumer.snapshot()))
      if (count !== 0) throw new Violation(`${count} ${what} are left in a closed consumer`);
  }

  /** SQS itself moved it, having handed it out more often than allowed to those who never heard of it. */
  wasMovedUnheard({ id, attributes }) {
    const unheard = this.processes.reduce((sum, { wire }) => sum + (wire.unheard.get(id) ?? 0), 0);
    return !attributes?.values.has('deadletter.reason') && unheard > this.schedule.maxReceiveCount;
  }

  async stopAll() {
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
