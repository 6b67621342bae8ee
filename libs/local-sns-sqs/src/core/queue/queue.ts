import { Message, type MessageHome, type NewMessage } from '../message.js';
import { type Statement, parsePolicy } from '../policy/policy.js';
import { Deduplication } from './deduplication.js';
import { type RedrivePolicy, parseRedrivePolicy } from './queue-attributes.js';
import { ReceiveAttempts } from './receive-attempts.js';
import { ReceiptHandles } from './receipt-handle.js';
import { Stock } from './stock.js';
import type { QueueSurroundings, Received } from './surroundings.js';
import { Waiters } from './waiters.js';

const MAX_IN_FLIGHT = 120_000;

/** One queue, by AWS's rules: what arrives, what may be received, and who waits for it. */
export class Queue implements MessageHome {
  readonly tags = new Map<string, string>();
  readonly messages: ReadonlyMap<number, Message>;
  readonly handles: ReceiptHandles;
  readonly deduplication = new Deduplication();
  readonly attempts: ReceiveAttempts;
  readonly waiters: Waiters<Received[]>;
  createdAt: number;
  modifiedAt: number;
  purgedAt = -Infinity;
  dirty = false;
  policy: Statement[] = [];
  redrive: RedrivePolicy | undefined;
  private readonly stock: Stock;
  private arrivals = 0;
  private leases = 0;

  constructor(
    readonly name: string,
    readonly arn: string,
    readonly fifo: boolean,
    readonly attributes: Map<string, string>,
    readonly number: number,
    private readonly around: QueueSurroundings<Queue>,
  ) {
    this.stock = new Stock(fifo, around.deadlines, message => this.remove(message));
    this.messages = this.stock.messages;
    this.handles = new ReceiptHandles(around.ids, number);
    this.waiters = new Waiters(around.deadlines);
    this.attempts = new ReceiveAttempts(
      message => this.messages.get(message.order) === message,
      (message, until) => this.changeVisibility(message, until),
    );
    this.createdAt = around.now();
    this.modifiedAt = this.createdAt;
    this.attributesChanged();
  }

  get ready(): number {
    return this.stock.ready;
  }

  get delayed(): number {
    return this.stock.delayed;
  }

  get inFlight(): number {
    return this.stock.inFlight;
  }

  get inFlightIsFull(): boolean {
    return this.inFlight >= MAX_IN_FLIGHT;
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
    this.stock.keepFor(this.seconds('MessageRetentionPeriod') * 1000);
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
      this.around.deadlines.schedule(message, now + content.delayMs);
    }
    this.stock.add(message);
    this.around.touch(this);
    this.around.record?.(this, message, 'sent');
    this.around.journal?.stored(this, message);
    return message;
  }

  /** Puts back what was here before a restart, in the state that it has, in order of arrival. */
  restore(message: Message, dueAt: number): void {
    if (message.state !== 'ready') this.around.deadlines.schedule(message, dueAt);
    this.stock.add(message);
    this.around.touch(this);
  }

  /** Up to `max` messages, in flight for `visibilityMs`; messages that have failed too often go to the DLQ instead. */
  receive(max: number, visibilityMs: number): Received[] {
    if (!this.stock.hasReady) return [];
    const now = this.around.now();
    const room = Math.min(max, MAX_IN_FLIGHT - this.inFlight);
    const taken = this.stock.take(room, message => this.admit(message), now);
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
    return this.stock.first;
  }

  /** Another order among what may be received; FIFO keeps its own. */
  shuffle(random: () => number): void {
    this.stock.shuffle(random);
  }

  becomeReady(message: Message): void {
    if (!this.stock.release(message)) return;
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
    if (!this.stock.remove(message)) return;
    this.around.record?.(this, message, 'removed');
    this.around.journal?.gone(this, message);
    this.around.touch(this);
  }

  purge(): void {
    this.stock.clear();
    // A message that was purged may be sent again at once, under the same id (recorded).
    this.deduplication.clear();
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
    this.stock.add(message);
    this.around.touch(this);
    this.around.record?.(this, message, 'dead-lettered');
    this.around.journal?.stored(this, message);
  }
}
