import type { Deadlines } from '../deadlines.js';
import type { Ids } from '../ids.js';
import type { Message, MessageEvent } from '../message.js';

/** The broker, as its queues see it. `Queue` is a parameter, so that this file stands below `queue.ts`. */
export interface QueueSurroundings<Queue> {
  readonly deadlines: Deadlines;
  readonly ids: Ids;
  now(): number;
  queueByArn(arn: string): Queue | undefined;
  /** Writes down what happens to a message, where somebody wants to know. */
  record?: ((queue: Queue, message: Message, what: MessageEvent) => void) | undefined;
  /** Writes down what has to outlive the process, where something shall. */
  readonly journal?: QueueJournal<Queue> | undefined;
  /** Something changed: long polls and watchers look again when the operation is over. */
  touch(queue: Queue): void;
}

/** Told of every change of a queue's messages. */
export interface QueueJournal<Queue> {
  /** A message is new in the queue. */
  stored(queue: Queue, message: Message): void;
  changed(queue: Queue, message: Message): void;
  gone(queue: Queue, message: Message): void;
  purged(queue: Queue): void;
}

export interface Received {
  message: Message;
  lease: number;
  handle: string;
}
