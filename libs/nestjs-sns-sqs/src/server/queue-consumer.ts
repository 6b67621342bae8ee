import type { LoggerService } from '@nestjs/common';
import { AWS_BATCH_MAX_ENTRIES } from '../constants.js';
import { announce } from '../events/diagnostics.js';
import type { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { Inbox, InboxCounts } from '../inbox/inbox.js';
import type { SqsMessage, SqsWire } from '../interfaces/wire.interface.js';
import type { ResolvedConsumerOptions } from '../options/server-options.js';
import type { ProvisionedQueue } from '../topology/topology.model.js';
import { Delivery } from './delivery.js';
import { DeliveryRunner } from './handle/delivery-runner.js';
import { Dispatcher, type DispatcherOptions } from './handle/dispatcher.js';
import { Heartbeat } from './settle/heartbeat.js';
import { InboxGate } from './handle/inbox-gate.js';
import { laneKeyOf, type LaneKey } from './receive/lane-key.js';
import { Lanes } from './receive/lanes.js';
import { Poller } from './receive/poller.js';
import { ReceivePace } from './receive/receive-pace.js';
import { Settler } from './settle/settler.js';
import type { Slots } from './receive/slots.js';
import { UnstartedMemory } from './handle/unstarted-memory.js';
import { within } from '../async/within.js';

export interface QueueConsumerOptions extends Pick<DispatcherOptions, 'handlers' | 'decode' | 'hooks' | 'requestOf'> {
  queue: ProvisionedQueue & { fifo: boolean };
  settings: ResolvedConsumerOptions;
  /** The server's bound of messages in work, over all queues. */
  slots: Slots;
  wire: SqsWire;
  /** Undefined: none. */
  inbox?: Inbox | undefined;
  /** The inbox's store knows the attempts of all processes. */
  inboxIsShared?: boolean;
  logger: Pick<LoggerService, 'log' | 'warn' | 'error'>;
  onFault: (error: SnsSqsError) => void;
  onRecovery: () => void;
}

/** Handlers that were told to stop get this long to do so, in milliseconds, before their messages are given back. */
const ABORT_GRACE_MS = 250;
/**
 * Messages of a standard queue that may be held for each slot: where one subject is flooded its lane alone would take
 * in the whole queue. SQS itself hands out no more than one receive of a FIFO group at a time.
 */
const MAX_HELD_PER_SLOT = 2;
/**
 * Settlements without a result, for each slot and at least: where handlers are faster than deletes, receiving waits for
 * the deletes, so that memory and what is in flight at SQS stay bounded.
 */
const MAX_UNSETTLED = { perSlot: 2, least: 200 };
/** Settles that are under way when the time is up still get this long, in milliseconds. */
const FLUSH_GRACE_MS = 2_000;

/** One queue's way from receive to settlement: wires poller, lanes, dispatcher, inbox, heartbeat and settler together. */
export class QueueConsumer {
  private readonly poller: Poller;
  private readonly lanes: Lanes<Delivery>;
  private readonly pace: ReceivePace;
  private readonly laneKey: LaneKey;
  private readonly heartbeat: Heartbeat;
  private readonly settler: Settler;
  private readonly working = new Set<Delivery>();
  private readonly unstarted = new UnstartedMemory();
  private readonly maxUnsettled: number;
  private isWaitingForSettles = false;
  private probed: { messages: SqsMessage[]; receivedAt: number } | undefined;

  constructor(private readonly options: QueueConsumerOptions) {
    const { queue, settings, wire, logger, handlers, decode, hooks } = options;
    const { visibilityTimeoutSeconds, waitTimeSeconds, handlerTimeoutMs } = settings;
    const named = { queueUrl: queue.url, queueName: queue.name, wire, visibilityTimeoutSeconds };
    this.maxUnsettled = Math.max(MAX_UNSETTLED.least, settings.concurrency * MAX_UNSETTLED.perSlot);
    this.settler = new Settler({
      queue,
      wire,
      rules: settings,
      logger,
      // As many batches as receives may be: neither waits for the other.
      maxInFlight: Math.max(16, Math.ceil(settings.concurrency / AWS_BATCH_MAX_ENTRIES)),
      onSettled: () => this.settled(),
    });
    const { inbox, inboxIsShared: knowsAttempts = false } = options;
    const gate = inbox && new InboxGate({ inbox, decode, rules: settings, knowsAttempts });
    this.heartbeat = new Heartbeat({ ...named, logger, renewClaims: gate && (due => gate.renew(due)) });
    const { requestOf } = options;
    const dispatcher = new Dispatcher({
      queueName: queue.name,
      handlers,
      decode,
      hooks,
      handlerTimeoutMs,
      ...(requestOf && { requestOf }),
    });
    const runner = new DeliveryRunner({
      queue,
      rules: settings,
      gate,
      dispatcher,
      heartbeat: this.heartbeat,
      settler: this.settler,
      unstarted: this.unstarted,
      working: this.working,
      logger,
    });
    this.laneKey = laneKeyOf(queue.fifo, settings, decode);
    this.pace = new ReceivePace(settings.concurrency);
    this.lanes = new Lanes({
      run: delivery => runner.run(delivery),
      giveBack: (deliveries, failed) => runner.giveBack(deliveries, failed),
      onEnd: () => this.ended(),
      limit: settings.concurrency,
      slots: options.slots,
    });
    this.poller = new Poller({
      ...named,
      waitTimeSeconds,
      room: () => this.room(),
      fullAsk: Math.min(AWS_BATCH_MAX_ENTRIES, settings.concurrency),
      isBusy: () => this.lanes.load > 0,
      deliver: (messages, receivedAt) => this.deliver(messages, receivedAt),
      onFullReceive: ms => this.pace.noteReceive(ms),
      mostReceives: () => this.pace.receives,
      onFault: options.onFault,
      onRecovery: options.onRecovery,
    });
  }

  get name(): string {
    return this.options.queue.name;
  }

  get inboxCounts(): InboxCounts | undefined {
    return this.options.inbox?.counts;
  }

  /** Rejects when this process may not receive from the queue. What it received is handled by {@link start}. */
  async probe(): Promise<void> {
    this.probed = await this.poller.probe();
  }

  start(): void {
    if (this.probed && this.probed.messages.length > 0) this.deliver(this.probed.messages, this.probed.receivedAt);
    this.probed = undefined;
    this.poller.start();
  }

  /** The inbox answers again, so that there is room. */
  wake(): void {
    this.poller.wake();
  }

  /**
   * Receives and starts nothing more; running handlers have until `timeoutMs` from now, then their signal aborts and
   * their messages are given back. Resolves when everything is settled, or could not be within a short grace.
   */
  async stop(timeoutMs: number): Promise<void> {
    const endsAt = performance.now() + timeoutMs;
    const drained = this.drain();
    if (!(await within(drained, timeoutMs))) {
      const reason = new Error(`the server is stopping and shutdownTimeoutMs (${timeoutMs} ms) is over`);
      for (const delivery of this.working) delivery.abort(reason);
      await within(drained, ABORT_GRACE_MS);
      for (const delivery of this.working) this.heartbeat.release(delivery);
      this.settler.giveBack([...this.working], 0);
    }
    await within(this.settler.flush(), Math.max(FLUSH_GRACE_MS, endsAt - performance.now()));
    this.heartbeat.stop();
  }

  private async drain(): Promise<void> {
    const ended = this.lanes.stop();
    await this.poller.stop();
    if (this.probed) this.settler.giveBack(this.deliveries(this.probed.messages, this.probed.receivedAt), 0);
    this.probed = undefined;
    await ended;
  }

  /** A queue that has nothing may always ask for one message: else it could not say that it wants a slot. */
  private room(): number {
    const { settings, slots, queue, inbox } = this.options;
    if (inbox?.isPaused) return 0;
    const { load, held } = this.lanes;
    const wanted = Math.max(
      load === 0 ? 1 : 0,
      Math.min(settings.concurrency - load, slots.free) + this.pace.messagesAhead,
    );
    const room = queue.fifo ? wanted : Math.min(wanted, settings.concurrency * MAX_HELD_PER_SLOT - held);
    const unsettledRoom = this.maxUnsettled - this.settler.pending;
    this.isWaitingForSettles = unsettledRoom < room;
    return Math.min(room, unsettledRoom);
  }

  private ended(): void {
    this.pace.noteEnd();
    if (this.lanes.load === 0) this.settler.hasTime();
    this.poller.wake();
  }

  private settled(): void {
    // Once for what a batch has settled.
    if (this.isWaitingForSettles && this.settler.pending % AWS_BATCH_MAX_ENTRIES === 0) this.poller.wake();
  }

  private deliver(messages: SqsMessage[], receivedAt: number): void {
    const { queue } = this.options;
    announce('received', { queue: queue.name, count: messages.length });
    for (const delivery of this.deliveries(messages, receivedAt)) {
      const lane = this.laneKey(delivery);
      if (queue.fifo && this.lanes.isTaken(lane) && !this.isInWork(delivery)) this.unstarted.noteNeverStarted(delivery);
      this.working.add(delivery);
      this.heartbeat.hold(delivery);
      this.lanes.submit(delivery, lane);
    }
  }

  /** True: it has come again although an earlier delivery of it has not ended. */
  private isInWork({ messageId, receiveCount }: Delivery): boolean {
    return receiveCount > 1 && [...this.working].some(other => other.messageId === messageId);
  }

  private deliveries(messages: SqsMessage[], receivedAt: number): Delivery[] {
    const leaseEndsAt = receivedAt + this.options.settings.visibilityTimeoutSeconds * 1000;
    return messages.map(message => new Delivery(message, receivedAt, leaseEndsAt));
  }
}
