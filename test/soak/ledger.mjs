const isDeadLetterQueue = name => /-dlq(\.fifo)?$/.test(name);

/** Every message that a queue has ever taken, from the broker's own mouth, and what became of it there. */
export class Ledger {
  /** By message id: queue, event id, type, place in its subject; `left`: it is in its queue no more. */
  accepted = new Map();
  /** Message id of the original: why it is in a dead letter queue. */
  letters = new Map();

  constructor(broker) {
    broker.record = (queue, message, what) => this.#note(queue, message, what);
  }

  get left() {
    return [...this.accepted.values()].filter(({ left }) => !left);
  }

  #note({ name }, { content, home }, what) {
    if (what === 'sent' && isDeadLetterQueue(name)) {
      const value = key => content.attributes?.values.get(key)?.StringValue;
      this.letters.set(value('deadletter.message-id'), value('deadletter.reason') ?? 'unknown');
    } else if (what === 'sent') {
      const { id, type, subject, sequence } = JSON.parse(content.body);
      this.accepted.set(content.id, { queue: name, id, type, subject, version: sequence, left: false });
    } else if (what === 'dead-lettered') {
      this.letters.set(content.id, 'received too often');
    } else if (what === 'removed' && !isDeadLetterQueue(home.name)) {
      const entry = this.accepted.get(content.id);
      if (entry) entry.left = true;
    }
  }
}
