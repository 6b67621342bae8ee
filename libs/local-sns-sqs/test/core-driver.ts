import { Broker } from '../src/core/broker.js';
import { AwsError } from '../src/core/errors.js';
import type { Input } from '../src/core/input.js';
import type { Call, Output } from '../src/core/operation.js';
import { SNS_OPERATIONS } from '../src/core/sns/operations.js';
import { SQS_OPERATIONS } from '../src/core/sqs/operations.js';
import { VirtualClock } from '../src/core/virtual-clock.js';

export const ACCOUNT = '000000000000';
export const ORIGIN = 'http://127.0.0.1:4566';
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export interface ReceivedMessage {
  MessageId: string;
  ReceiptHandle: string;
  Body: string;
  MD5OfBody: string;
  Attributes?: Record<string, string>;
  MessageAttributes?: Record<string, { DataType: string; StringValue?: string; BinaryValue?: string }>;
  MD5OfMessageAttributes?: string;
}

export interface Failure {
  Id: string;
  Code: string;
  SenderFault: boolean;
  Message: string;
}

export interface BatchOutput {
  Successful?: Array<{ Id: string; MessageId: string; SequenceNumber?: string }>;
  Failed?: Failure[];
}

/** A caller that can hang up, and whose connection can break under the answer. */
export class TestCall implements Call {
  readonly origin = ORIGIN;
  gone = false;
  private whenGone: (() => void) | undefined;
  private whenUndelivered: (() => void) | undefined;

  onGone(fn: () => void): void {
    this.whenGone = fn;
  }

  onUndelivered(fn: () => void): void {
    this.whenUndelivered = fn;
  }

  hangUp(): void {
    this.gone = true;
    this.whenGone?.();
  }

  loseAnswer(): void {
    this.whenUndelivered?.();
  }
}

/** A long poll: `messages` stays undefined for as long as it waits. */
export interface LongPoll {
  readonly call: TestCall;
  readonly messages: ReceivedMessage[] | undefined;
}

const messagesOf = (output: Output): ReceivedMessage[] => (output['Messages'] ?? []) as ReceivedMessage[];

/** Drives the core as the HTTP face does, on a clock that stands still until it is moved. */
export class CoreDriver {
  readonly clock = new VirtualClock();
  readonly broker = new Broker({ clock: this.clock, seed: 1, region: 'us-east-1', accountId: ACCOUNT });
  private deduplicationIds = 0;

  advance(ms: number): void {
    this.clock.advance(ms);
  }

  sqs(operation: string, input: Input = {}, call: Call = new TestCall()): Output {
    return this.run(SQS_OPERATIONS, operation, input, call) as Output;
  }

  sns(operation: string, input: Input = {}): Output {
    return this.run(SNS_OPERATIONS, operation, input, new TestCall()) as Output;
  }

  createQueue(name: string, attributes: Record<string, string> = {}): string {
    const Attributes = { ...(name.endsWith('.fifo') && { FifoQueue: 'true' }), ...attributes };
    return this.sqs('CreateQueue', { QueueName: name, Attributes })['QueueUrl'] as string;
  }

  setAttributes(QueueUrl: string, Attributes: Record<string, string>): void {
    this.sqs('SetQueueAttributes', { QueueUrl, Attributes });
  }

  attributesOf(QueueUrl: string): Record<string, string> {
    return this.sqs('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] })['Attributes'] as Record<
      string,
      string
    >;
  }

  /** Visible, in flight and delayed. */
  countsOf(QueueUrl: string): number[] {
    const attributes = this.attributesOf(QueueUrl);
    return ['', 'NotVisible', 'Delayed'].map(kind => Number(attributes[`ApproximateNumberOfMessages${kind}`]));
  }

  send(QueueUrl: string, MessageBody: string, more: Input = {}): { MessageId: string; SequenceNumber?: string } {
    return this.sqs('SendMessage', { QueueUrl, MessageBody, ...more }) as { MessageId: string };
  }

  /** To a FIFO queue, with a deduplication id of its own. */
  sendToGroup(QueueUrl: string, MessageGroupId: string, MessageBody: string): string {
    this.deduplicationIds += 1;
    return this.send(QueueUrl, MessageBody, { MessageGroupId, MessageDeduplicationId: `d${this.deduplicationIds}` })
      .MessageId;
  }

  /** Short poll, with all attributes. */
  receive(QueueUrl: string, more: Input = {}, call: Call = new TestCall()): ReceivedMessage[] {
    const all = { MessageSystemAttributeNames: ['All'], MessageAttributeNames: ['All'] };
    return messagesOf(this.sqs('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10, ...all, ...more }, call));
  }

  receiveOne(QueueUrl: string, more: Input = {}): ReceivedMessage {
    const [message] = this.receive(QueueUrl, { MaxNumberOfMessages: 1, ...more });
    if (!message) throw new Error('there is no message to receive');
    return message;
  }

  bodies(QueueUrl: string, more: Input = {}): string[] {
    return this.receive(QueueUrl, more).map(({ Body }) => Body);
  }

  async poll(QueueUrl: string, WaitTimeSeconds = 20, more: Input = {}): Promise<LongPoll> {
    const call = new TestCall();
    const poll: { call: TestCall; messages: ReceivedMessage[] | undefined } = { call, messages: undefined };
    const input = { QueueUrl, WaitTimeSeconds, ...more };
    void Promise.resolve(this.run(SQS_OPERATIONS, 'ReceiveMessage', input, call)).then(output => {
      poll.messages = messagesOf(output);
    });
    await settled();
    return poll;
  }

  delete(QueueUrl: string, ReceiptHandle: string): void {
    this.sqs('DeleteMessage', { QueueUrl, ReceiptHandle });
  }

  changeVisibility(QueueUrl: string, ReceiptHandle: string, VisibilityTimeout: number): void {
    this.sqs('ChangeMessageVisibility', { QueueUrl, ReceiptHandle, VisibilityTimeout });
  }

  queueArn(name: string): string {
    return this.broker.queueArn(name);
  }

  redriveTo(name: string, maxReceiveCount: number | string): Record<string, string> {
    return { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: this.queueArn(name), maxReceiveCount }) };
  }

  createTopic(name: string, attributes: Record<string, string> = {}): string {
    const Attributes = { ...(name.endsWith('.fifo') && { FifoTopic: 'true' }), ...attributes };
    return this.sns('CreateTopic', { Name: name, Attributes })['TopicArn'] as string;
  }

  subscribe(TopicArn: string, queue: string, Attributes: Record<string, string> = {}): string {
    const input = { TopicArn, Protocol: 'sqs', Endpoint: this.queueArn(queue), Attributes };
    return this.sns('Subscribe', input)['SubscriptionArn'] as string;
  }

  publish(TopicArn: string, Message: string, more: Input = {}): { MessageId: string; SequenceNumber?: string } {
    return this.sns('Publish', { TopicArn, Message, ...more }) as { MessageId: string };
  }

  /** A queue that lets this topic in, subscribed to it. */
  subscribedQueue(TopicArn: string, name: string, attributes: Record<string, string> = {}): string {
    const url = this.createQueue(name, this.admitting(TopicArn, name));
    this.subscribe(TopicArn, name, attributes);
    return url;
  }

  /** The policy by which a queue lets a topic in. */
  admitting(topicArn: string, queue: string): { Policy: string } {
    const statement = {
      Effect: 'Allow',
      Principal: { Service: 'sns.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: this.queueArn(queue),
      Condition: { ArnEquals: { 'aws:SourceArn': topicArn } },
    };
    return { Policy: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }) };
  }

  private run(operations: typeof SQS_OPERATIONS, name: string, input: Input, call: Call): Output | Promise<Output> {
    const operation = operations.get(name);
    if (!operation) throw new Error(`there is no operation ${name}`);
    this.broker.deadlines.runDue();
    try {
      return operation(this.broker, input, call);
    } finally {
      this.broker.settle();
    }
  }
}

/** Lets promises that are settled tell so. */
export const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** What `act` is refused with. */
export function refusal(act: () => unknown): AwsError {
  try {
    act();
  } catch (error) {
    if (error instanceof AwsError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** The name under which `act` is refused. */
export const refusalCode = (act: () => unknown): string => refusal(act).code;
