import type { Broker } from './core/broker.js';
import type { HistoryEvent, Message, MessageEvent, MessageHistory, MessageState } from './core/message.js';
import type { Queue } from './core/queue/queue.js';

export interface MessageSnapshot {
  messageId: string;
  state: MessageState;
  body: string;
  /** Values of String and Number attributes; those of Binary ones in base64. */
  attributes: Record<string, string>;
  groupId: string | undefined;
  receiveCount: number;
}

export interface QueueSnapshot {
  name: string;
  arn: string;
  /** May be received now. */
  visible: number;
  inFlight: number;
  delayed: number;
  /** In order of arrival. */
  messages: MessageSnapshot[];
}

export interface SubscriptionSnapshot {
  arn: string;
  topicArn: string;
  queueArn: string;
  attributes: Record<string, string>;
}

/** How often each operation was called, e.g. `{ 'sqs.SendMessageBatch': 3, 'sns.Publish': 1 }`. */
export type CallCounts = Record<string, number>;

function snapshotOfMessage(message: Message): MessageSnapshot {
  const { content, state, receiveCount } = message;
  const attributes = [...(content.attributes?.values ?? [])].map(([name, value]) => [
    name,
    value.StringValue ?? value.BinaryValue ?? '',
  ]);
  return {
    messageId: content.id,
    state,
    body: content.body,
    attributes: Object.fromEntries(attributes) as Record<string, string>,
    groupId: content.groupId,
    receiveCount,
  };
}

/** Messages are copied when first looked at: a condition on counts costs the same on a queue of any size. */
function viewOfQueue(queue: Queue): QueueSnapshot {
  let messages: MessageSnapshot[] | undefined;
  return {
    name: queue.name,
    arn: queue.arn,
    visible: queue.ready,
    inFlight: queue.inFlight,
    delayed: queue.delayed,
    get messages() {
      return (messages ??= [...queue.messages.values()].map(snapshotOfMessage));
    },
  };
}

/** The view as it is now, whatever happens to the queue. */
const fixed = (view: QueueSnapshot): QueueSnapshot => ({ ...view });

/** Messages whose history is kept, from their sending on; the oldest go first. */
const MAX_HISTORIES = 10_000;

interface Watcher {
  /** Undefined: every change of any queue is looked at. */
  queue: string | undefined;
  /** Resolves the watcher's promise and gives true when what it waits for is there. */
  look: () => boolean;
}

/** Looks into a broker from the test or the program that runs it: no calls are counted, nothing changes. */
export class Inspection {
  private readonly watchers = new Set<Watcher>();
  /** By age, round and round. Found by walking: a map by id would cost every message more than the rare question. */
  private readonly histories: MessageHistory[] = [];
  private sent = 0;

  constructor(private readonly broker: Broker) {
    broker.onChange = queue => this.notify(queue);
    broker.record = (queue, message, what) => this.note(queue, message, what);
  }

  queues(): QueueSnapshot[] {
    return this.views().map(fixed);
  }

  queue(name: string): QueueSnapshot | undefined {
    const queue = this.broker.queues.get(name);
    return queue && fixed(viewOfQueue(queue));
  }

  /** ARNs. */
  topics(): string[] {
    return [...this.broker.topics.keys()];
  }

  subscriptions(): SubscriptionSnapshot[] {
    return [...this.broker.subscriptions.values()].map(({ arn, topicArn, endpoint, attributes }) => ({
      arn,
      topicArn,
      queueArn: endpoint,
      attributes: Object.fromEntries(attributes),
    }));
  }

  /** Since the start or the last `reset()`. */
  calls(): CallCounts {
    return Object.fromEntries(this.broker.calls);
  }

  /** Resolves as soon as the queue exists and `condition` holds for it. Never rejects: give the test a time limit. */
  until(queue: string, condition: (queue: QueueSnapshot) => boolean): Promise<QueueSnapshot> {
    return this.watch(queue, () => {
      const found = this.broker.queues.get(queue);
      const view = found && viewOfQueue(found);
      return view && condition(view) ? fixed(view) : undefined;
    });
  }

  /** Resolves as soon as `condition` holds for all queues together. Never rejects: give the test a time limit. */
  untilAll(condition: (queues: QueueSnapshot[]) => boolean): Promise<QueueSnapshot[]> {
    return this.watch(undefined, () => {
      const views = this.views();
      return condition(views) ? views.map(fixed) : undefined;
    });
  }

  /** The history of a message since it was sent, for the latest 10,000 messages. */
  history(messageId: string): readonly HistoryEvent[] {
    return this.histories.find(history => history.messageId === messageId)?.events ?? [];
  }

  /** Forgets all histories. */
  clear(): void {
    for (const history of this.histories) history.events = undefined;
    this.histories.length = 0;
    this.sent = 0;
  }

  private views(): QueueSnapshot[] {
    return [...this.broker.queues.values()].map(viewOfQueue);
  }

  private note(queue: Queue, message: Message, what: MessageEvent): void {
    const event = { at: this.broker.now(), what, queue: queue.name, receiveCount: message.receiveCount };
    if (what !== 'sent') {
      message.history?.events?.push(event);
      return;
    }
    message.history = { messageId: message.content.id, events: [event] };
    const place = this.sent++ % MAX_HISTORIES;
    const oldest = this.histories[place];
    if (oldest) oldest.events = undefined;
    this.histories[place] = message.history;
  }

  private watch<T>(queue: string | undefined, find: () => T | undefined): Promise<T> {
    return new Promise(resolve => {
      const look = (): boolean => {
        const found = find();
        if (found === undefined) return false;
        resolve(found);
        return true;
      };
      if (!look()) this.watchers.add({ queue, look });
    });
  }

  private notify(name: string): void {
    for (const watcher of this.watchers) {
      if ((watcher.queue === undefined || watcher.queue === name) && watcher.look()) this.watchers.delete(watcher);
    }
  }
}
