import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  type Message,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { waitFor } from './wait-for.js';

export interface Letter {
  body: string;
  /** Message attributes, their string values. */
  attributes: Record<string, string>;
  groupId: string | undefined;
}

export interface SendOptions {
  attributes?: Record<string, string>;
  groupId?: string;
  deduplicationId?: string;
}

const ours = (attributes: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
  );

const asLetter = ({ Body = '', MessageAttributes = {}, Attributes }: Message): Letter => ({
  body: Body,
  attributes: Object.fromEntries(Object.entries(MessageAttributes).map(([k, v]) => [k, v.StringValue ?? ''])),
  groupId: Attributes?.MessageGroupId,
});

/** Looks at one queue from outside, with AWS's own client. */
export class QueueProbe {
  private known: string | undefined;

  constructor(
    private readonly sqs: SQSClient,
    readonly name: string,
  ) {}

  async url(): Promise<string> {
    this.known ??= (await this.sqs.send(new GetQueueUrlCommand({ QueueName: this.name }))).QueueUrl ?? '';
    return this.known;
  }

  async attributes(): Promise<Record<string, string>> {
    const command = new GetQueueAttributesCommand({ QueueUrl: await this.url(), AttributeNames: ['All'] });
    return (await this.sqs.send(command)).Attributes ?? {};
  }

  async setAttributes(Attributes: Record<string, string>): Promise<void> {
    await this.sqs.send(new SetQueueAttributesCommand({ QueueUrl: await this.url(), Attributes }));
  }

  /** Messages in the queue: visible, in flight and delayed. */
  async size(): Promise<number> {
    const found = await this.attributes();
    return (
      Number(found['ApproximateNumberOfMessages']) +
      Number(found['ApproximateNumberOfMessagesNotVisible']) +
      Number(found['ApproximateNumberOfMessagesDelayed'])
    );
  }

  async visible(): Promise<number> {
    return Number((await this.attributes())['ApproximateNumberOfMessages']);
  }

  async untilEmpty(): Promise<void> {
    await waitFor(`${this.name} to be empty`, async () => (await this.size()) === 0);
  }

  /** All of its messages, so many, are visible. SQS's counts are late: one that is read once may be of a moment ago. */
  async untilAllVisible(count: number): Promise<void> {
    await waitFor(
      `${this.name} to have ${count} messages, all of them visible`,
      async () => (await this.visible()) === count && (await this.size()) === count,
    );
  }

  async send(MessageBody: string, { attributes, groupId, deduplicationId }: SendOptions = {}): Promise<void> {
    await this.sqs.send(
      new SendMessageCommand({
        QueueUrl: await this.url(),
        MessageBody,
        MessageAttributes: attributes && ours(attributes),
        MessageGroupId: groupId,
        MessageDeduplicationId: deduplicationId,
      }),
    );
  }

  /** Sends up to ten at once. */
  async sendAll(bodies: readonly string[], options: SendOptions = {}): Promise<void> {
    const entries = bodies.map((MessageBody, index) => ({
      Id: String(index),
      MessageBody,
      MessageAttributes: options.attributes && ours(options.attributes),
      MessageGroupId: options.groupId,
      MessageDeduplicationId: options.groupId === undefined ? undefined : `${process.hrtime.bigint()}-${index}`,
    }));
    const { Failed } = await this.sqs.send(
      new SendMessageBatchCommand({ QueueUrl: await this.url(), Entries: entries }),
    );
    if (Failed?.length) throw new Error(`${this.name} refused: ${JSON.stringify(Failed)}`);
  }

  /** One receive without waiting. What it gives stays in the queue, invisible for `visibilitySeconds`. */
  async receive(visibilitySeconds = 30): Promise<Letter[]> {
    return (await this.receiveRaw(visibilitySeconds)).map(asLetter);
  }

  /** Waits for `count` messages, removes and returns them. */
  async take(count = 1): Promise<Letter[]> {
    const taken: Letter[] = [];
    await waitFor(`${count} message(s) in ${this.name}`, async () => {
      const messages = await this.receiveRaw(30);
      taken.push(...messages.map(asLetter));
      await this.delete(messages);
      return taken.length >= count;
    });
    return taken;
  }

  async takeOne(): Promise<Letter> {
    const [letter] = await this.take();
    if (!letter) throw new Error(`${this.name} gave nothing`);
    return letter;
  }

  private async receiveRaw(VisibilityTimeout: number): Promise<Message[]> {
    const { Messages = [] } = await this.sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: await this.url(),
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: 0,
        VisibilityTimeout,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
      }),
    );
    return Messages;
  }

  private async delete(messages: Message[]): Promise<void> {
    if (messages.length === 0) return;
    const Entries = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    await this.sqs.send(new DeleteMessageBatchCommand({ QueueUrl: await this.url(), Entries }));
  }
}
