import { SQS_OPERATIONS } from '../../dist/libs/local-sns-sqs/esm/core/sqs/operations.js';

const OPERATION = {
  receive: 'ReceiveMessage',
  deleteBatch: 'DeleteMessageBatch',
  changeVisibilityBatch: 'ChangeMessageVisibilityBatch',
  sendBatch: 'SendMessageBatch',
};

const failure = (name, status) =>
  Object.assign(new Error(`injected: ${name}`), { name, $metadata: { httpStatusCode: status } });

const result = ({ Successful = [], Failed = [] }) => ({
  successful: Successful.map(({ Id }) => ({ id: Id })),
  failed: Failed.map(({ Id, Code, Message, SenderFault }) => ({
    id: Id,
    code: Code,
    message: Message,
    senderFault: SenderFault,
  })),
});

/**
 * A process's wire to the broker's core, with everything that may go wrong in between: delays, throttling, 5xx, calls
 * that fail although they took effect, half-failed batches, deletes that claim success, duplicate deliveries. A wire
 * that is cut is that of a process that has died: nothing of it is answered any more.
 */
export class FaultyWire {
  cut = false;
  injected = 0;
  /** By message id: receives that SQS counted and nobody got. */
  unheard = new Map();

  /** @param faults rates from 0 to 1 by kind; `random` draws them */
  constructor(broker, random, faults) {
    this.broker = broker;
    this.random = random;
    this.faults = faults;
  }

  receive({ queueUrl, maxMessages, waitTimeSeconds, visibilityTimeoutSeconds, signal }) {
    const input = {
      QueueUrl: queueUrl,
      MaxNumberOfMessages: maxMessages,
      WaitTimeSeconds: waitTimeSeconds,
      VisibilityTimeout: visibilityTimeoutSeconds,
      AttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    };
    return this.#call('receive', input, signal).then(({ Messages = [] }) => {
      if (this.#strikes('duplicate')) for (const { MessageId } of Messages) this.#makeVisible(queueUrl, MessageId);
      return Messages;
    });
  }

  deleteBatch(queueUrl, entries) {
    if (this.#strikes('staleDelete')) return this.#late({ successful: entries.map(({ id }) => ({ id })), failed: [] });
    return this.#batch('deleteBatch', queueUrl, entries, ({ id, receiptHandle }) => ({
      Id: id,
      ReceiptHandle: receiptHandle,
    }));
  }

  changeVisibilityBatch(queueUrl, entries) {
    return this.#batch('changeVisibilityBatch', queueUrl, entries, entry => ({
      Id: entry.id,
      ReceiptHandle: entry.receiptHandle,
      VisibilityTimeout: entry.visibilityTimeoutSeconds,
    }));
  }

  sendBatch(queueUrl, entries) {
    return this.#batch('sendBatch', queueUrl, entries, ({ id, body, attributes, groupId, deduplicationId }) => ({
      Id: id,
      MessageBody: body,
      MessageAttributes: attributes,
      ...(groupId !== undefined && { MessageGroupId: groupId }),
      ...(deduplicationId !== undefined && { MessageDeduplicationId: deduplicationId }),
    }));
  }

  async #batch(kind, queueUrl, entries, toInput) {
    const spared = this.#strikes('halfBatch') ? entries.filter((_, index) => index % 2 === 0) : entries;
    const output =
      spared.length > 0
        ? result(await this.#call(kind, { QueueUrl: queueUrl, Entries: spared.map(toInput) }))
        : { successful: [], failed: [] };
    const failed = entries.filter(entry => !spared.includes(entry));
    return {
      ...output,
      failed: [
        ...output.failed,
        ...failed.map(({ id }) => ({ id, code: 'InternalError', message: 'injected', senderFault: false })),
      ],
    };
  }

  async #call(kind, input, signal) {
    await this.#latency();
    if (this.#strikes('throttle')) throw failure('RequestThrottled', 400);
    if (this.#strikes('error')) throw failure('InternalFailure', 500);
    const lost = this.#strikes('lostReply');
    const output = await this.#operation(OPERATION[kind], input, signal);
    if (lost || this.cut) {
      for (const { MessageId } of output.Messages ?? [])
        this.unheard.set(MessageId, (this.unheard.get(MessageId) ?? 0) + 1);
    }
    if (lost) throw failure('TimeoutError', undefined);
    await this.#latency();
    return output;
  }

  #operation(name, input, signal) {
    if (this.cut) return forever();
    return new Promise((resolve, reject) => {
      let gone = signal?.aborted ?? false;
      let whenGone;
      const leave = () => {
        gone = true;
        whenGone?.();
        reject(failure('AbortError', undefined));
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.onCut = () => {
        gone = true;
        whenGone?.();
      };
      const call = {
        origin: 'http://local',
        get gone() {
          return gone;
        },
        onGone: fn => {
          whenGone = fn;
        },
        onUndelivered: () => undefined,
      };
      try {
        this.broker.deadlines.runDue();
        const output = SQS_OPERATIONS.get(name)(this.broker, input, call);
        this.broker.settle();
        Promise.resolve(output).then(resolve, reject);
      } catch (error) {
        this.broker.settle();
        reject(Object.assign(error, { $metadata: { httpStatusCode: error.status } }));
      }
    });
  }

  #makeVisible(queueUrl, messageId) {
    const queue = this.broker.queues.get(queueUrl.slice(queueUrl.lastIndexOf('/') + 1));
    if (!queue || queue.fifo) return;
    for (const message of queue.messages.values()) if (message.content.id === messageId) queue.becomeReady(message);
    this.broker.settle();
  }

  async #late(output) {
    await this.#latency();
    return output;
  }

  async #latency() {
    const ms = this.#strikes('stall') ? 5_000 : 1 + this.random() * 20;
    await new Promise(resolve => setTimeout(resolve, ms));
    if (this.cut) await forever();
  }

  #strikes(kind) {
    if (this.random() >= (this.faults[kind] ?? 0)) return false;
    this.injected += 1;
    return true;
  }
}

const forever = () => new Promise(() => undefined);
