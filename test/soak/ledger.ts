import type { Broker } from '#broker/core/broker.js';
import type { EventMetadata } from '#lib/interfaces/envelope.interface.js';
import type { Message } from '#broker/core/message.js';
import type { Queue } from '#broker/core/queue/queue.js';
import type { MessageEvent } from '#broker/core/message.js';

/** A message that a queue has taken: its event, and the place in its subject. */
export interface Accepted {
  queue: string;
  id: string;
  type: string;
  subject: string | undefined;
  version: string | undefined;
  /** When its queue took it, in milliseconds since the epoch. */
  at: number;
  /** It is in its queue no more. */
  left: boolean;
}

/** Why a message is in a dead letter queue, and since when. */
export interface Letter {
  reason: string;
  /** The name of what its handler threw. */
  error: string | undefined;
  at: number;
}

const isDeadLetterQueue = (name: string): boolean => /-dlq(\.fifo)?$/.test(name);

/** Every message that a queue has ever taken, from the broker's own mouth, and what became of it there. */
export class Ledger {
  /** By message id. */
  readonly accepted = new Map<string, Accepted>();
  /** By message id of the original. */
  readonly letters = new Map<string, Letter>();

  constructor(broker: Broker) {
    broker.record = (queue, message, what) => this.#note(queue, message, what);
  }

  get left(): Accepted[] {
    return [...this.accepted.values()].filter(({ left }) => !left);
  }

  #note({ name }: Queue, { content, home }: Message, what: MessageEvent): void {
    if (what === 'sent' && isDeadLetterQueue(name)) {
      const value = (key: string): string | undefined => content.attributes?.values.get(key)?.StringValue;
      const reason = value('deadletter.reason') ?? 'unknown';
      this.#noteLetter(value('deadletter.message-id') ?? '', {
        reason,
        error: value('deadletter.error'),
        at: Date.now(),
      });
    } else if (what === 'sent') {
      const { id, type, subject, sequence } = JSON.parse(content.body) as EventMetadata;
      this.accepted.set(content.id, { queue: name, id, type, subject, version: sequence, at: Date.now(), left: false });
    } else if (what === 'dead-lettered') {
      this.#noteLetter(content.id, { reason: 'received too often', error: undefined, at: Date.now() });
    } else if (what === 'removed' && !isDeadLetterQueue((home as Queue).name)) {
      const entry = this.accepted.get(content.id);
      if (entry) entry.left = true;
    }
  }

  /** The first of them is the earliest. */
  #noteLetter(message: string, letter: Letter): void {
    if (!this.letters.has(message)) this.letters.set(message, letter);
  }
}
