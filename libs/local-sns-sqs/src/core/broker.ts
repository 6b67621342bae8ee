import type { Clock } from './clock.js';
import { Deadlines } from './deadlines.js';
import { Ids } from './ids.js';
import type { BrokerJournal } from './journal.js';
import type { Queue } from './queue/queue.js';
import type { QueueSurroundings } from './queue/surroundings.js';
import type { Subscription } from './sns/subscription.js';
import type { Topic } from './sns/topic.js';
import type { MoveTask } from './sqs/move-task.js';

export interface BrokerOptions {
  clock: Clock;
  seed: number;
  region: string;
  accountId: string;
  /** Runs the waking of long polls: at once by default; the HTTP face lets closed connections be noticed first. */
  defer?: (run: () => void) => void;
}

export interface BrokerMemory {
  queueNumber: number;
  blocked: ReadonlyArray<readonly [name: string, until: number]>;
}

/** CreateQueue API. */
const BLOCKED_AFTER_DELETE_MS = 60_000;

export const SENDER_ID = 'AIDALOCALSNSSQS000000';

/** All state of one broker. Operations change it; nothing in it does input or output. */
export class Broker implements QueueSurroundings<Queue> {
  readonly queues = new Map<string, Queue>();
  readonly topics = new Map<string, Topic>();
  readonly subscriptions = new Map<string, Subscription>();
  readonly calls = new Map<string, number>();
  /** The latest first. */
  readonly moveTasks: MoveTask[] = [];
  readonly clock: Clock;
  readonly region: string;
  readonly accountId: string;
  readonly deadlines: Deadlines;
  readonly ids: Ids;
  /** Told of what happens to each message. */
  record: QueueSurroundings<Queue>['record'];
  journal: BrokerJournal | undefined;
  /** Set when something else than messages has changed: queues, topics, subscriptions, tasks. */
  controlChanged = false;
  /** Told of every queue that has changed, after the operation that changed it. */
  onChange: ((queue: string) => void) | undefined;
  private readonly defer: (run: () => void) => void;
  private dirty: Queue[] = [];
  /** Until when the name of a deleted queue cannot be used, in order of deletion. */
  private readonly blockedNames = new Map<string, number>();
  private queueNumber = 0;
  private waking = false;

  constructor(options: BrokerOptions) {
    this.clock = options.clock;
    this.region = options.region;
    this.accountId = options.accountId;
    this.ids = new Ids(options.seed);
    this.defer = options.defer ?? (run => run());
    this.deadlines = new Deadlines(options.clock, () => this.settle());
  }

  now(): number {
    return this.clock.now();
  }

  queueArn(name: string): string {
    return `arn:aws:sqs:${this.region}:${this.accountId}:${name}`;
  }

  topicArn(name: string): string {
    return `arn:aws:sns:${this.region}:${this.accountId}:${name}`;
  }

  /** Why an ARN cannot be of this broker, as the end of a message: its account or region is another. Else empty. */
  elsewhere(arn: string): string {
    const [, , , region = '', account = ''] = arn.split(':');
    if (region === this.region && account === this.accountId) return '';
    return ` (this broker has region ${this.region} and account ${this.accountId} only: start it with another --region or --account)`;
  }

  queueByArn(arn: string): Queue | undefined {
    const name = arn.slice(arn.lastIndexOf(':') + 1);
    const queue = this.queues.get(name);
    return queue?.arn === arn ? queue : undefined;
  }

  /** What it takes to go on where this one is: the last number of a queue, and the names that are blocked. */
  get memory(): BrokerMemory {
    return { queueNumber: this.queueNumber, blocked: [...this.blockedNames] };
  }

  set memory({ queueNumber, blocked }: BrokerMemory) {
    this.queueNumber = queueNumber;
    this.blockedNames.clear();
    for (const [name, until] of blocked) this.blockedNames.set(name, until);
  }

  nextQueueNumber(): number {
    return ++this.queueNumber;
  }

  queueDeleted(name: string): void {
    const now = this.now();
    for (const [blocked, until] of this.blockedNames) {
      if (until > now) break;
      this.blockedNames.delete(blocked);
    }
    this.blockedNames.delete(name);
    this.blockedNames.set(name, now + BLOCKED_AFTER_DELETE_MS);
  }

  isNameBlocked(name: string): boolean {
    return (this.blockedNames.get(name) ?? -Infinity) > this.now();
  }

  touch(queue: Queue): void {
    if (queue.dirty) return;
    queue.dirty = true;
    this.dirty.push(queue);
  }

  count(call: string): void {
    this.calls.set(call, (this.calls.get(call) ?? 0) + 1);
  }

  /** After every operation and every deadline: waiting long polls get what has become available. */
  settle(): void {
    if (this.dirty.length === 0 || this.waking) return;
    const wake = this.dirty.some(queue => queue.waiters.size > 0);
    if (!wake) return this.drain();
    this.waking = true;
    this.defer(() => {
      this.waking = false;
      this.drain();
    });
  }

  /** Forgets everything: queues, topics, counters. Long polls end empty. */
  reset(): void {
    const queues = [...this.queues.values()];
    this.queues.clear();
    this.blockedNames.clear();
    this.topics.clear();
    this.subscriptions.clear();
    this.calls.clear();
    this.moveTasks.length = 0;
    for (const queue of queues) queue.close();
    this.deadlines.clear();
    this.drain();
  }

  private drain(): void {
    while (this.dirty.length > 0) {
      const queues = this.dirty;
      this.dirty = [];
      for (const queue of queues) queue.dirty = false;
      for (const queue of queues) queue.waiters.serve();
      if (this.onChange) for (const queue of queues) this.onChange(queue.name);
    }
  }
}
