import type { Deadlines } from '../deadlines.js';
import type { Ids } from '../ids.js';
import { Message, type MessageHome, type NewMessage } from '../message.js';
import { type Statement, parsePolicy } from '../policy/policy.js';
import { Deduplication } from './deduplication.js';
import { FifoShelf } from './fifo-shelf.js';
import { type RedrivePolicy, parseRedrivePolicy } from './queue-attributes.js';
import { ReceiveAttempts } from './receive-attempts.js';
import { ReceiptHandles } from './receipt-handle.js';
import { Retention } from './retention.js';
import type { Shelf } from './shelf.js';
import { StandardShelf } from './standard-shelf.js';
import { Waiters } from './waiters.js';

const MOST_IN_FLIGHT = 120_000;

/** The broker, as its queues see it. */
export interface QueueSurroundings {
  readonly deadlines: Deadlines;
  readonly ids: Ids;
  now(): number;
  queueByArn(arn: string): Queue | undefined;
  /** Writes down what happens to a message, where somebody wants to know. */
  record?: ((queue: Queue, message: Message, what: MessageEvent) => void) | undefined;
  /** Writes down what has to outlive the process, where something shall. */
  readonly journal?: QueueJournal | undefined;
  /** Something changed: long polls and watchers look again when the operation is over. */
  touch(queue: Queue): void;
}

/** Told of every change of a queue's messages. */
export interface QueueJournal {
  /** A message is new in the queue. */
  stored(queue: Queue, message: Message): void;
  changed(queue: Queue, message: Message): void;
  gone(queue: Queue, message: Message): void;
  purged(queue: Queue): void;
}

export type MessageEvent = 'sent' | 'received' | 'visible' | 'removed' | 'dead-lettered';

export interface Received {
  message: Message;
  lease: number;
  handle: string;
}

/** One queue: its messages, each in one state, and who waits for them. */
export class Queue implements MessageHome {
  readonly tags = new Map<string, string>();
  readonly messages = new Map<number, Message>();
  readonly handles: ReceiptHandles;
  readonly deduplication = new Deduplication();
  readonly attempts: ReceiveAttempts;
  readonly waiters: Waiters<Received[]>;
  createdAt: number;
  modifiedAt: number;
  purgedAt = -Infinity;
  delayed = 0;
  inFlight = 0;
  dirty = false;
  policy: Statement[] = [];
  redrive: RedrivePolicy | undefined;
  private shelf: Shelf;
  private readonly retention: Retention;
  private arrivals = 0;
  private leases = 0;

  constructor(
    readonly name: string,
    readonly arn: string,
    readonly fifo: boolean,
    readonly attributes: Map<string, string>,
    readonly number: number,
    private readonly around: QueueSurroundings,
  ) {
    this.handles = new ReceiptHandles(around.ids, number);
    this.waiters = new Waiters(around.deadlines);
    this.attempts = new ReceiveAttempts(
      message => this.messages.get(message.order) === message,
      (message, until) => this.changeVisibility(message, until),
    );
    this.shelf = fifo ? new FifoShelf() : new StandardShelf();
    this.retention = new Retention(this.messages, around.deadlines, message => this.remove(message));
    this.createdAt = around.now();
    this.modifiedAt = this.createdAt;
    this.attributesChanged();
  }

  get ready(): number {
    return this.messages.size - this.delayed - this.inFlight;
  }

  get inFlightIsFull(): boolean {
    return this.inFlight >= MOST_IN_FLIGHT;
  }

  /** Of messages that have arrived, and of receives. */
  get counters(): [arrivals: number, leases: number] {
    return [this.arrivals, this.leases];
  }

  set counters([arrivals, leases]: readonly [arrivals: number, leases: number]) {
    this.arrivals = arrivals;
    this.leases = leases;
  }

  seconds(attribute: string): number {
    return Number(this.attributes.get(attribute));
  }

  attributesChanged(): void {
    const redrive = this.attributes.get('RedrivePolicy');
    const policy = this.attributes.get('Policy');
    this.redrive = redrive ? parseRedrivePolicy(redrive) : undefined;
    this.policy = (policy ? parsePolicy(policy) : undefined) ?? [];
    this.retention.reschedule(this.seconds('MessageRetentionPeriod') * 1000);
    if (this.fifo) this.delayChanged(this.seconds('DelaySeconds') * 1000);
  }

  nextSequenceNumber(): string {
    return String(18_800_000_000_000_000_000n + BigInt(++this.arrivals) * 256n);
  }

  /** A new message arrives. Long polls get it when the operation is over. */
  enqueue(content: NewMessage): Message {
    const now = this.around.now();
    const message = new Message(content, this, ++this.arrivals, now, now);
    if (content.delayMs > 0) {
      message.state = 'delayed';
      this.delayed++;
      this.around.deadlines.schedule(message, now + content.delayMs);
    }
    this.accept(message);
    this.around.record?.(this, message, 'sent');
    this.around.journal?.stored(this, message);
    return message;
  }

  /** Puts back what was here before a restart, in the state that it has, in order of arrival. */
  restore(message: Message, dueAt: number): void {
    if (message.state !== 'ready') this.around.deadlines.schedule(message, dueAt);
    if (message.state === 'delayed') this.delayed++;
    if (message.state === 'inFlight') {
      this.inFlight++;
      this.shelf.addInFlight(message);
    } else {
      this.shelf.add(message);
    }
    this.messages.set(message.order, message);
    this.retention.added(message);
    this.around.touch(this);
  }

  /** Up to `max` messages, in flight for `visibilityMs`; messages that have failed too often go to the DLQ instead. */
  receive(max: number, visibilityMs: number): Received[] {
    if (!this.shelf.hasReady) return [];
    const now = this.around.now();
    const room = Math.min(max, MOST_IN_FLIGHT - this.inFlight);
    const taken = this.shelf.take(room, message => this.admit(message), now);
    for (const message of taken) {
      message.receiveCount++;
      message.receivesHere++;
      message.firstReceivedAt ||= now;
      message.lastReceivedAt = now;
      message.lease = ++this.leases;
      this.around.deadlines.schedule(message, now + visibilityMs);
      this.around.record?.(this, message, 'received');
      this.around.journal?.changed(this, message);
    }
    this.inFlight += taken.length;
    if (taken.length > 0) this.around.touch(this);
    return taken.map(message => ({
      message,
      lease: message.lease,
      handle: this.handles.issue(message.order, message.lease),
    }));
  }

  /** As if these had not been received: for answers that could not be delivered. */
  giveBack(received: readonly Received[]): void {
    for (const { message, lease } of received) {
      if (message.home !== this || message.state !== 'inFlight' || message.lease !== lease) continue;
      message.receiveCount--;
      message.receivesHere--;
      if (message.receiveCount === 0) message.firstReceivedAt = 0;
      this.becomeReady(message);
    }
  }

  /** The message that a receive would take first; it stays where it is. */
  peek(): Message | undefined {
    return this.shelf.first;
  }

  /** Another order among what may be received; FIFO keeps its own. */
  shuffle(random: () => number): void {
    if (this.shelf instanceof StandardShelf) this.shelf.shuffle(random);
  }

  becomeReady(message: Message): void {
    this.around.deadlines.cancel(message);
    if (message.state === 'inFlight') this.inFlight--;
    else if (message.state === 'delayed') this.delayed--;
    else return;
    this.shelf.release(message);
    this.around.record?.(this, message, 'visible');
    this.around.journal?.changed(this, message);
    this.around.touch(this);
  }

  changeVisibility(message: Message, until: number): void {
    this.around.deadlines.schedule(message, until);
    this.around.journal?.changed(this, message);
    this.around.touch(this);
  }

  /** Takes a message out, whatever its state. */
  remove(message: Message): void {
    if (!this.messages.delete(message.order)) return;
    this.around.deadlines.cancel(message);
    this.shelf.remove(message);
    if (message.state === 'inFlight') this.inFlight--;
    if (message.state === 'delayed') this.delayed--;
    this.around.record?.(this, message, 'removed');
    this.around.journal?.gone(this, message);
    this.around.touch(this);
  }

  purge(): void {
    for (const message of this.messages.values()) this.around.deadlines.cancel(message);
    this.messages.clear();
    this.retention.clear();
    // A message that was purged may be sent again at once, under the same id (recorded).
    this.deduplication.clear();
    this.shelf = this.fifo ? new FifoShelf() : new StandardShelf();
    this.delayed = 0;
    this.inFlight = 0;
    this.around.journal?.purged(this);
    this.around.touch(this);
  }

  /** The queue is no more: its messages go, its long polls end empty. */
  close(): void {
    this.purge();
    this.waiters.dismiss();
  }

  /** On a FIFO queue a new delay holds for the messages that are there, too (sqs-delay-queues). */
  private delayChanged(delayMs: number): void {
    if (this.delayed === 0) return;
    for (const message of this.messages.values()) {
      if (message.state !== 'delayed') continue;
      this.around.deadlines.schedule(message, message.sentAt + delayMs);
      this.around.journal?.changed(this, message);
    }
  }

  private accept(message: Message): void {
    this.messages.set(message.order, message);
    this.shelf.add(message);
    this.retention.added(message);
    this.around.touch(this);
  }

  private admit(message: Message): boolean {
    const { redrive } = this;
    if (!redrive || message.receivesHere < redrive.maxReceiveCount) return true;
    const target = this.around.queueByArn(redrive.deadLetterTargetArn);
    if (!target || target === this) return true;
    this.remove(message);
    message.deadLetterSourceArn = this.arn;
    target.adopt(message);
    return false;
  }

  /** A message moves in from another queue: same id; a standard one keeps its sent time, and its age. */
  private adopt(message: Message): void {
    const now = this.around.now();
    message.home = this;
    message.order = ++this.arrivals;
    message.state = 'ready';
    message.lease = 0;
    message.receivesHere = 0;
    if (this.fifo) {
      message.retainedFrom = now;
      message.sequenceNumber = this.nextSequenceNumber();
      message.order = this.arrivals;
    }
    this.accept(message);
    this.around.record?.(this, message, 'dead-lettered');
    this.around.journal?.stored(this, message);
  }
}
