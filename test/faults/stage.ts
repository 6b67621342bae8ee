import { Broker } from '#broker/core/broker.js';
import type { NewMessage } from '#broker/core/message.js';
import type { Queue } from '#broker/core/queue/queue.js';
import { SQS_OPERATIONS } from '#broker/core/sqs/operations.js';
import { USUAL, type Schedule } from './schedule.ts';
import type { VirtualTime } from './virtual-time.ts';

const CALL = { origin: 'http://local', gone: false, onGone: () => undefined, onUndelivered: () => undefined };
/** AWS's highest, as the topology sets it on every queue. */
const MAX_RECEIVES = 1_000;

/** What a message says of itself: its data stands last in its body. */
export const numberIn = (body: string): number => Number(body.slice(body.lastIndexOf(':') + 1, -1));

/** The broker with the service's queues, `a` and perhaps `b`, each with its dead letter queue. */
export class Stage {
  readonly broker: Broker;
  /** Full names. */
  readonly queues: readonly string[];
  readonly fifo: boolean;
  readonly #schedule: Schedule;

  constructor(schedule: Schedule, time: VirtualTime) {
    const { seed, fifo, useCases } = schedule;
    this.#schedule = schedule;
    this.fifo = fifo;
    this.broker = new Broker({ clock: time.clock, seed, region: 'us-east-1', accountId: '000000000000' });
    this.queues = ['a', 'b'].slice(0, fifo ? 1 : useCases).map(name => (fifo ? `${name}.fifo` : name));
    for (const queue of this.queues) this.#make(queue);
  }

  url(queue: string): string {
    return `http://local/000000000000/${queue}`;
  }

  letterQueue(queue: string): string {
    return this.fifo ? queue.replace('.fifo', '-dlq.fifo') : `${queue}-dlq`;
  }

  /** By number: the messages of a queue. */
  contents(name: string): Map<number, NewMessage> {
    const messages = [...this.#queue(name).messages.values()];
    return new Map(messages.map(({ content }) => [numberIn(content.body), content]));
  }

  has(name: string, number: number): boolean {
    for (const { content } of this.#queue(name).messages.values()) if (numberIn(content.body) === number) return true;
    return false;
  }

  get isEmpty(): boolean {
    return this.queues.every(name => this.#queue(name).messages.size === 0);
  }

  #make(queue: string): void {
    const type = this.fifo
      ? { FifoQueue: 'true', DeduplicationScope: 'messageGroup', FifoThroughputLimit: 'perMessageGroupId' }
      : {};
    const { retentionSeconds, letterBytes } = this.#schedule;
    const kept = (seconds: number): object => ({ ...type, MessageRetentionPeriod: String(seconds) });
    const letters = this.letterQueue(queue);
    const redrive = { deadLetterTargetArn: this.broker.queueArn(letters), maxReceiveCount: MAX_RECEIVES };
    this.#operation('CreateQueue', {
      QueueName: letters,
      Attributes: { ...kept(USUAL.retentionSeconds), MaximumMessageSize: String(letterBytes) },
    });
    this.#operation('CreateQueue', {
      QueueName: queue,
      Attributes: { ...kept(retentionSeconds), RedrivePolicy: JSON.stringify(redrive) },
    });
  }

  #operation(name: string, input: Record<string, unknown>): void {
    void SQS_OPERATIONS.get(name)?.(this.broker, input, CALL);
    this.broker.settle();
  }

  #queue(name: string): Queue {
    const queue = this.broker.queues.get(name);
    if (!queue) throw new Error(`no queue ${name}`);
    return queue;
  }
}
