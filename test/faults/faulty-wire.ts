import type { Broker } from '#broker/core/broker.js';
import type { Input } from '#broker/core/input.js';
import type { Output } from '#broker/core/operation.js';
import type { Queue } from '#broker/core/queue/queue.js';
import { SQS_OPERATIONS } from '#broker/core/sqs/operations.js';
import type {
  BatchFailure,
  BatchResult,
  OutgoingSqsMessage,
  ReceiveRequest,
  SqsMessage,
  SqsWire,
} from '#lib/interfaces/wire.interface.js';
import type { FaultRates } from './schedule.ts';
import { SettlementsJudge, type Handled, type SettlementsWatch } from './settlements-judge.ts';
import { WireCall } from './wire-call.ts';

/** What SQS answers to a batch. */
interface BatchOutput {
  Successful?: Array<{ Id: string }>;
  Failed?: Array<{ Id: string; Code: string; Message: string; SenderFault: boolean }>;
}

export interface WireWatch extends SettlementsWatch {
  /** No copy reaches a dead letter queue now. */
  lettersAreAway(): boolean;
}

const OPERATION = {
  receive: 'ReceiveMessage',
  deleteBatch: 'DeleteMessageBatch',
  changeVisibilityBatch: 'ChangeMessageVisibilityBatch',
  sendBatch: 'SendMessageBatch',
} as const;

const failure = (name: string, status: number | undefined): Error =>
  Object.assign(new Error(`injected: ${name}`), { name, $metadata: { httpStatusCode: status } });

/** So long a call stalls, or its answer, in milliseconds. */
export const STALL_MS = 5_000;
const result = ({ Successful = [], Failed = [] }: BatchOutput): BatchResult => ({
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
export class FaultyWire implements SqsWire {
  cut = false;
  injected = 0;
  /** Calls about the queue's tags that have failed, before or after their effect. */
  tagFailures = 0;
  /** How often such a call, or its answer, has stalled for {@link STALL_MS}. */
  tagStalls = 0;
  /** By message id: receives that SQS counted and nobody got. */
  readonly #unheard = new Map<string, number>();
  /** By message id: receives that this process got. */
  readonly #received = new Map<string, number>();
  readonly #settlements: SettlementsJudge;
  readonly broker: Broker;
  readonly random: () => number;
  faults: FaultRates;
  readonly watch: WireWatch;
  /** Told of what a queue has handed out. */
  onReceived: (queueUrl: string, count: number) => void = () => undefined;
  /** Resolves when its process is not suspended. @default none is */
  untilAwake: (() => Promise<void>) | undefined;
  #fanOut: readonly string[] = [];
  #underWay: WireCall | undefined;

  /**
   * @param faults rates from 0 to 1 by kind; `random` draws them
   * @param lease in seconds: a visibility of another length is a settlement
   */
  constructor(broker: Broker, random: () => number, faults: FaultRates, lease: number, watch: WireWatch) {
    this.broker = broker;
    this.random = random;
    this.faults = faults;
    this.#settlements = new SettlementsJudge(lease, watch);
    this.watch = watch;
  }

  /** As when the process dies: whoever waits for SQS has gone. */
  cutOff(): void {
    this.cut = true;
    this.#underWay?.leave();
  }

  /** Receives of these messages that this process got. */
  receivesOf(ids: ReadonlySet<string>): number {
    return sumOf(this.#received, ids);
  }

  /** Receives of these messages that SQS counted and nobody got. */
  unheardOf(ids: ReadonlySet<string>): number {
    return sumOf(this.#unheard, ids);
  }

  hasReceived(ids: ReadonlySet<string>): boolean {
    return this.receivesOf(ids) > 0;
  }

  /** This process has received one of these messages, and has not settled it. */
  holds(ids: ReadonlySet<string>): boolean {
    return this.#settlements.holds(ids);
  }

  async receive(request: ReceiveRequest): Promise<SqsMessage[]> {
    const { queueUrl, maxMessages, waitTimeSeconds, visibilityTimeoutSeconds, signal } = request;
    const input = {
      QueueUrl: queueUrl,
      MaxNumberOfMessages: maxMessages,
      WaitTimeSeconds: waitTimeSeconds,
      VisibilityTimeout: visibilityTimeoutSeconds,
      AttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    };
    if (this.#strikes('overLimit')) return this.#late(undefined).then(() => this.#overLimit(queueUrl));
    if (this.#strikes('disorder')) this.#queue(queueUrl).shuffle(this.random);
    const { Messages = [] } = (await this.#call('receive', input, signal)) as { Messages?: SqsMessage[] };
    for (const { MessageId = '', ReceiptHandle = '' } of Messages) {
      increment(this.#received, MessageId);
      this.#settlements.noteReceived(ReceiptHandle, MessageId);
    }
    if (Messages.length > 0) this.onReceived(queueUrl, Messages.length);
    // In whole seconds, as a header has it.
    request.onDate?.(Math.floor(this.broker.now() / 1000) * 1000);
    if (this.#strikes('duplicate')) for (const { MessageId } of Messages) this.#makeVisible(queueUrl, MessageId);
    return Messages;
  }

  deleteBatch(queueUrl: string, entries: readonly Handled[]): Promise<BatchResult> {
    const isStale = this.#strikes('staleDelete');
    return this.#settlements.judge('delete', entries, () =>
      isStale
        ? this.#late({ successful: entries.map(({ id }) => ({ id })), failed: [] })
        : this.#batch('deleteBatch', queueUrl, entries, ({ id, receiptHandle }) => ({
            Id: id,
            ReceiptHandle: receiptHandle,
          })),
    );
  }

  changeVisibilityBatch(queueUrl: string, entries: readonly Handled[]): Promise<BatchResult> {
    return this.#settlements.judge('change the visibility of', entries, () =>
      this.#batch('changeVisibilityBatch', queueUrl, entries, entry => ({
        Id: entry.id,
        ReceiptHandle: entry.receiptHandle,
        VisibilityTimeout: entry.visibilityTimeoutSeconds,
      })),
    );
  }

  /** The queue's tags, by which a message is known that kills its process. */
  listQueueTags(queueUrl: string): Promise<Record<string, string>> {
    return this.#tagging(() => Object.fromEntries(this.#queue(queueUrl).tags));
  }

  tagQueue(queueUrl: string, tags: Record<string, string>): Promise<void> {
    return this.#tagging(() => {
      for (const [name, value] of Object.entries(tags)) this.#queue(queueUrl).tags.set(name, value);
    });
  }

  untagQueue(queueUrl: string, names: readonly string[]): Promise<void> {
    return this.#tagging(() => {
      for (const name of names) this.#queue(queueUrl).tags.delete(name);
    });
  }

  async #tagging<T>(act: () => T): Promise<T> {
    await this.#taggingLatency();
    if (this.#strikes('throttle') || this.#strikes('error')) return this.#failTagging();
    const result = act();
    if (this.#strikes('lostReply')) return this.#failTagging();
    await this.#taggingLatency();
    return result;
  }

  async #taggingLatency(): Promise<void> {
    if ((await this.#latency()) === STALL_MS) this.tagStalls += 1;
  }

  #failTagging(): never {
    this.tagFailures += 1;
    throw failure('RequestThrottled', 400);
  }

  /** As a topic does with its subscriptions: each queue gets what was accepted. */
  publish(queueUrls: readonly string[], entries: readonly OutgoingSqsMessage[]): Promise<BatchResult> {
    this.#fanOut = queueUrls;
    return this.sendBatch(queueUrls[0] ?? '', entries);
  }

  sendBatch(queueUrl: string, entries: readonly OutgoingSqsMessage[]): Promise<BatchResult> {
    if (/-dlq(\.fifo)?$/.test(queueUrl) && this.watch.lettersAreAway()) {
      this.injected += 1;
      return this.#late(undefined).then(() => Promise.reject(failure('AccessDenied', 403)));
    }
    return this.#batch('sendBatch', queueUrl, entries, ({ id, body, attributes, groupId, deduplicationId }) => ({
      Id: id,
      MessageBody: body,
      MessageAttributes: attributes,
      ...(groupId !== undefined && { MessageGroupId: groupId }),
      ...(deduplicationId !== undefined && { MessageDeduplicationId: deduplicationId }),
    }));
  }

  async #batch<Entry extends { id: string }>(
    kind: keyof typeof OPERATION,
    queueUrl: string,
    entries: readonly Entry[],
    toInput: (entry: Entry) => object,
  ): Promise<BatchResult> {
    const spared = this.#strikes('halfBatch') ? entries.filter((_, index) => index % 2 === 0) : entries;
    const output: BatchResult =
      spared.length > 0
        ? result(await this.#call(kind, { QueueUrl: queueUrl, Entries: spared.map(toInput) }))
        : { successful: [], failed: [] };
    if (spared === entries) return output;
    const failed = entries.filter(entry => !spared.includes(entry));
    return {
      ...output,
      failed: [
        ...output.failed,
        ...failed.map(({ id }): BatchFailure => ({
          id,
          code: 'InternalError',
          message: 'injected',
          senderFault: false,
        })),
      ],
    };
  }

  async #call(kind: keyof typeof OPERATION, input: object, signal?: AbortSignal): Promise<Output> {
    await this.#latency();
    if (this.#strikes('throttle')) throw failure('RequestThrottled', 400);
    if (this.#strikes('error')) throw failure('InternalFailure', 500);
    const lost = this.#strikes('lostReply');
    const output = await this.#operation(OPERATION[kind], input, signal);
    for (const QueueUrl of this.#fanOut.slice(1))
      await this.#operation(OPERATION[kind], { ...input, QueueUrl }, signal);
    if (lost || this.cut) this.#noteUnheard(output);
    if (lost) throw failure('TimeoutError', undefined);
    await this.#latency();
    if (!signal?.aborted) return output;
    // Whoever has asked hears nothing more.
    this.#noteUnheard(output);
    throw failure('AbortError', undefined);
  }

  #noteUnheard(output: Output): void {
    for (const { MessageId = '' } of (output['Messages'] ?? []) as SqsMessage[]) increment(this.#unheard, MessageId);
  }

  #operation(name: string, input: object, signal: AbortSignal | undefined): Promise<Output> {
    if (this.cut) return forever();
    return new Promise((resolve, reject) => {
      const call = new WireCall(signal?.aborted ?? false);
      this.#underWay = call;
      try {
        this.broker.deadlines.runDue();
        const output = SQS_OPERATIONS.get(name)?.(this.broker, input as Input, call) ?? {};
        this.broker.settle();
        Promise.resolve(output).then(resolve, reject);
      } catch (error) {
        this.broker.settle();
        reject(Object.assign(error as Error, { $metadata: { httpStatusCode: (error as { status?: number }).status } }));
      }
      if (!call.waits) return;
      const leave = (): void => {
        call.leave();
        reject(failure('AbortError', undefined));
      };
      signal?.addEventListener('abort', leave, { once: true });
    });
  }

  #queue(url: string): Queue {
    const queue = this.broker.queues.get(url.slice(url.lastIndexOf('/') + 1));
    if (!queue) throw failure('QueueDoesNotExist', 400);
    return queue;
  }

  /** 120,000 messages are in flight: an error on a standard queue, an empty answer on FIFO (quotas-queues). */
  #overLimit(queueUrl: string): SqsMessage[] {
    if (this.#queue(queueUrl).fifo) return [];
    throw failure('OverLimit', 403);
  }

  #makeVisible(queueUrl: string, messageId: string | undefined): void {
    const queue = this.#queue(queueUrl);
    if (queue.fifo) return;
    for (const message of queue.messages.values()) if (message.content.id === messageId) queue.becomeReady(message);
    this.broker.settle();
  }

  async #late<T>(output: T): Promise<T> {
    await this.#latency();
    return output;
  }

  /** Gives for how many milliseconds. */
  #latency(): Promise<number> {
    const ms = this.#strikes('stall') ? STALL_MS : 1 + this.random() * 20;
    // One promise: most of what a schedule does is waiting for answers.
    const passed = new Promise<number>(resolve => {
      setTimeout(() => {
        if (this.untilAwake || !this.cut) resolve(ms);
      }, ms);
    });
    return this.untilAwake ? this.#awake(passed) : passed;
  }

  async #awake(passed: Promise<number>): Promise<number> {
    const ms = await passed;
    await this.untilAwake?.();
    if (this.cut) await forever();
    return ms;
  }

  #strikes(kind: keyof FaultRates): boolean {
    if (this.random() >= (this.faults[kind] ?? 0)) return false;
    this.injected += 1;
    return true;
  }
}

const increment = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);

function sumOf(counts: ReadonlyMap<string, number>, keys: ReadonlySet<string>): number {
  let sum = 0;
  for (const key of keys) sum += counts.get(key) ?? 0;
  return sum;
}

const forever = <T>(): Promise<T> => new Promise(() => undefined);
