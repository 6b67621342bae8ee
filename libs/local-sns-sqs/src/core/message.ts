import { Due } from './deadlines.js';
import type { Linked, LinkedList } from './linked-list.js';
import type { MessageAttributes } from './message-attributes.js';

export type MessageState = 'ready' | 'delayed' | 'inFlight';

export type MessageEvent = 'sent' | 'received' | 'visible' | 'removed' | 'dead-lettered';

/** One thing that happened to a message. */
export interface HistoryEvent {
  at: number;
  what: MessageEvent;
  queue: string;
  receiveCount: number;
}

/** What has happened to a message since it was sent. Outlives it. */
export interface MessageHistory {
  readonly messageId: string;
  /** Undefined: too many messages came after it. */
  events: HistoryEvent[] | undefined;
}

/** A message as its sender gives it. */
export interface NewMessage {
  id: string;
  body: string;
  bodyMd5: string;
  senderId: string;
  attributes?: MessageAttributes;
  groupId?: string;
  deduplicationId?: string;
  sequenceNumber?: string;
  traceHeader?: string;
  delayMs: number;
}

/** Where a message returns to when its delay or its visibility timeout ends. */
export interface MessageHome {
  becomeReady(message: Message): void;
}

/** A FIFO group: its messages that wait and those in flight, each in their order. */
export interface MessageGroup extends Linked<MessageGroup> {
  readonly id: string;
  readonly waiting: LinkedList<Message>;
  readonly inFlight: LinkedList<Message>;
}

/** A message in exactly one queue, in exactly one state. */
export class Message extends Due implements Linked<Message> {
  previous: Message | undefined = undefined;
  next: Message | undefined = undefined;
  list: object | undefined = undefined;

  state: MessageState = 'ready';
  group: MessageGroup | undefined = undefined;
  /** Across all queues, as ApproximateReceiveCount tells it. */
  receiveCount = 0;
  /** In this queue: what its redrive policy counts. */
  receivesHere = 0;
  firstReceivedAt = 0;
  lastReceivedAt = 0;
  /** Number of the receive whose handle is the latest one; 0 before the first. */
  lease = 0;
  deadLetterSourceArn: string | undefined = undefined;
  /** Kept by whoever is told of its events. */
  history: MessageHistory | undefined = undefined;
  sequenceNumber: string | undefined;

  constructor(
    readonly content: NewMessage,
    public home: MessageHome,
    /** Position in its queue's order of arrival. */
    public order: number,
    /** What AWS shows as SentTimestamp. */
    public sentAt: number,
    /** From when on the retention period counts. */
    public retainedFrom: number,
  ) {
    super();
    this.sequenceNumber = content.sequenceNumber;
  }

  onDue(): void {
    this.home.becomeReady(this);
  }
}
