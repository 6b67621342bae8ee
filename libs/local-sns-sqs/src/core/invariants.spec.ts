import * as fc from 'fast-check';
import { Broker } from './broker.js';
import type { Input } from './input.js';
import type { Call, Output } from './operation.js';
import { SQS_OPERATIONS } from './sqs/operations.js';
import { VirtualClock } from './virtual-clock.js';

const CALL: Call = { origin: 'http://local', gone: false, onGone: () => undefined, onUndelivered: () => undefined };
const GROUPS = ['a', 'b', 'c'];

interface Received {
  MessageId: string;
  ReceiptHandle: string;
  Body: string;
  Attributes: Record<string, string>;
}

/** A queue with its dead letter queue, driven by hand. */
class Bench {
  readonly clock = new VirtualClock();
  readonly broker = new Broker({ clock: this.clock, seed: 1, region: 'us-east-1', accountId: '000000000000' });
  readonly alive = new Set<string>();
  readonly held: Received[] = [];
  /** Bodies in the order in which each group's messages were first received. */
  readonly firsts = new Map<string, number[]>(GROUPS.map(group => [group, []]));
  private readonly suffix: string;
  private sent = 0;

  constructor(readonly fifo: boolean) {
    this.suffix = fifo ? '.fifo' : '';
    const type = fifo ? { FifoQueue: 'true' } : {};
    this.run('CreateQueue', { QueueName: `dlq${this.suffix}`, Attributes: type });
    const redrive = { deadLetterTargetArn: this.broker.queueArn(`dlq${this.suffix}`), maxReceiveCount: 3 };
    const RedrivePolicy = JSON.stringify(redrive);
    this.run('CreateQueue', { QueueName: `q${this.suffix}`, Attributes: { ...type, RedrivePolicy } });
  }

  send(group: number, delay: number): void {
    this.sent += 1;
    const fifo = { MessageGroupId: GROUPS[group], MessageDeduplicationId: String(this.sent) };
    const answer = this.onQueue('SendMessage', {
      MessageBody: String(this.sent),
      ...(this.fifo ? fifo : { DelaySeconds: delay }),
    });
    this.alive.add(answer['MessageId'] as string);
  }

  receive(max: number, visibility: number): void {
    const answer = this.onQueue('ReceiveMessage', {
      MaxNumberOfMessages: max,
      VisibilityTimeout: visibility,
      AttributeNames: ['All'],
    });
    for (const message of (answer['Messages'] ?? []) as Received[]) {
      this.held.push(message);
      const { MessageGroupId = '', ApproximateReceiveCount } = message.Attributes;
      if (ApproximateReceiveCount === '1') this.firsts.get(MessageGroupId)?.push(Number(message.Body));
    }
  }

  /** A handle that is too old may be refused or do nothing: what is gone is what the queue says. */
  delete(which: number): void {
    const message = this.held[which % Math.max(1, this.held.length)];
    if (!message) return;
    const before = this.size();
    try {
      this.onQueue('DeleteMessage', { ReceiptHandle: message.ReceiptHandle });
    } catch {
      return;
    }
    if (this.size() < before) this.alive.delete(message.MessageId);
  }

  changeVisibility(which: number, seconds: number): void {
    const message = this.held[which % Math.max(1, this.held.length)];
    if (!message) return;
    try {
      this.onQueue('ChangeMessageVisibility', { ReceiptHandle: message.ReceiptHandle, VisibilityTimeout: seconds });
    } catch {
      // Not in flight any more.
    }
  }

  check(): void {
    const ids: string[] = [];
    for (const queue of this.broker.queues.values()) {
      for (const message of queue.messages.values()) ids.push(message.content.id);
      const states = [...queue.messages.values()].map(({ state }) => state);
      expect(queue.inFlight).toBe(states.filter(state => state === 'inFlight').length);
      expect(queue.delayed).toBe(states.filter(state => state === 'delayed').length);
      expect(queue.ready).toBe(states.filter(state => state === 'ready').length);
    }
    expect(ids.toSorted()).toEqual([...this.alive].toSorted());
    for (const bodies of this.firsts.values()) expect(bodies).toEqual(bodies.toSorted((a, b) => a - b));
  }

  private size(): number {
    return [...this.broker.queues.values()].reduce((sum, { messages }) => sum + messages.size, 0);
  }

  private onQueue(operation: string, input: Input): Output {
    return this.run(operation, { QueueUrl: `http://local/000000000000/q${this.suffix}`, ...input });
  }

  private run(operation: string, input: Input): Output {
    this.broker.deadlines.runDue();
    const output = SQS_OPERATIONS.get(operation)?.(this.broker, input, CALL);
    this.broker.settle();
    return output as Output;
  }
}

const step = fc.oneof(
  fc.record({ send: fc.nat(2), delay: fc.nat(5) }),
  fc.record({ receive: fc.integer({ min: 1, max: 10 }), visibility: fc.nat(20) }),
  fc.record({ delete: fc.nat(30) }),
  fc.record({ change: fc.nat(30), seconds: fc.nat(20) }),
  fc.record({ advance: fc.nat(15_000) }),
);

describe.each([['a standard queue'], ['a FIFO queue']])('%s', kind => {
  it('has every message in one place and one state, whatever is done to it, and a group in its order', () => {
    const holds = (): void =>
      fc.assert(
        fc.property(fc.array(step, { maxLength: 80 }), steps => {
          const bench = new Bench(kind === 'a FIFO queue');
          for (const each of steps) {
            if ('send' in each) bench.send(each.send, each.delay);
            else if ('receive' in each) bench.receive(each.receive, each.visibility);
            else if ('delete' in each) bench.delete(each.delete);
            else if ('change' in each) bench.changeVisibility(each.change, each.seconds);
            else bench.clock.advance(each.advance);
            bench.check();
          }
        }),
        { numRuns: 200, seed: 20_260_101 },
      );
    expect(holds).not.toThrow();
  });
});
