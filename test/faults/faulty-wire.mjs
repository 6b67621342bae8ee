import { SQS_OPERATIONS } from '../../dist/libs/local-sns-sqs/esm/core/sqs/operations.js';

const OPERATION = {
  receive: 'ReceiveMessage',
  deleteBatch: 'DeleteMessageBatch',
  changeVisibilityBatch: 'ChangeMessageVisibilityBatch',
  sendBatch: 'SendMessageBatch',
};

const failure = (name, status) =>
  Object.assign(new Error(`injected: ${name}`), { name, $metadata: { httpStatusCode: status } });

/** By these SQS says that a handle holds its message no more. */
const LOST = /ReceiptHandleIsInvalid|MessageNotInflight|InvalidParameterValue/;

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
  /** By receipt handle, as far as this process was told: what is settled, and since when another may have the message. */
  #settled = new Set();
  #lostAt = new Map();

  /**
   * @param faults rates from 0 to 1 by kind; `random` draws them
   * @param lease in seconds: a visibility of another length is a settlement
   * @param watch `blame` is told of what the library must not do; `endOf` tells when the handler of a receipt handle has ended
   */
  constructor(broker, random, faults, lease, watch) {
    this.broker = broker;
    this.random = random;
    this.faults = faults;
    this.lease = lease;
    this.watch = watch;
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
    if (this.#strikes('overLimit')) return this.#late().then(() => this.#overLimit(queueUrl));
    if (this.#strikes('disorder')) this.#queue(queueUrl).shuffle(this.random);
    return this.#call('receive', input, signal).then(({ Messages = [] }) => {
      if (this.#strikes('duplicate')) for (const { MessageId } of Messages) this.#makeVisible(queueUrl, MessageId);
      return Messages;
    });
  }

  deleteBatch(queueUrl, entries) {
    const isStale = this.#strikes('staleDelete');
    return this.#settling('delete', entries, () =>
      isStale
        ? this.#late({ successful: entries.map(({ id }) => ({ id })), failed: [] })
        : this.#batch('deleteBatch', queueUrl, entries, ({ id, receiptHandle }) => ({
            Id: id,
            ReceiptHandle: receiptHandle,
          })),
    );
  }

  changeVisibilityBatch(queueUrl, entries) {
    return this.#settling('change the visibility of', entries, () =>
      this.#batch('changeVisibilityBatch', queueUrl, entries, entry => ({
        Id: entry.id,
        ReceiptHandle: entry.receiptHandle,
        VisibilityTimeout: entry.visibilityTimeoutSeconds,
      })),
    );
  }

  /** What is settled is not touched again, nor what was lost while its handler ran. */
  async #settling(what, entries, call) {
    for (const { receiptHandle } of entries) {
      const lostAt = this.#lostAt.get(receiptHandle);
      if (this.#settled.has(receiptHandle)) this.watch.blame(`a process tried to ${what} what it had settled`);
      else if (lostAt < this.watch.endOf(receiptHandle))
        this.watch.blame(`a process tried to ${what} what it had lost`);
    }
    const result = await call();
    for (const { id } of result.successful) {
      const { receiptHandle, visibilityTimeoutSeconds } = entries.find(entry => entry.id === id);
      if (visibilityTimeoutSeconds !== this.lease) this.#settled.add(receiptHandle);
    }
    for (const { id, code } of result.failed) {
      if (LOST.test(code)) this.#lostAt.set(entries.find(entry => entry.id === id).receiptHandle, Date.now());
    }
    return result;
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

  #queue(url) {
    return this.broker.queues.get(url.slice(url.lastIndexOf('/') + 1));
  }

  /** 120,000 messages are in flight: an error on a standard queue, an empty answer on FIFO (quotas-queues). */
  #overLimit(queueUrl) {
    if (this.#queue(queueUrl).fifo) return [];
    throw failure('OverLimit', 403);
  }

  #makeVisible(queueUrl, messageId) {
    const queue = this.#queue(queueUrl);
    if (queue.fifo) return;
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
