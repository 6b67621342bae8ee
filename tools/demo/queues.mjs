import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';

/** Looks at the queues from outside, as any other client of SQS could. */
export class Queues {
  #sqs;
  #prefix;

  constructor({ endpoint, prefix, env }) {
    const credentials = { accessKeyId: env.AWS_ACCESS_KEY_ID, secretAccessKey: env.AWS_SECRET_ACCESS_KEY };
    this.#sqs = new SQSClient({ endpoint, region: env.AWS_REGION, credentials });
    this.#prefix = prefix;
  }

  async send(queue, body) {
    await this.#sqs.send(new SendMessageCommand({ QueueUrl: await this.#url(queue), MessageBody: body }));
  }

  /** Messages of a queue in whatever state. */
  count(queue) {
    return this.#count(queue, ['', 'NotVisible', 'Delayed']);
  }

  /** Messages of a queue that were received and are not deleted, those that wait for a later attempt among them. */
  inFlight(queue) {
    return this.#count(queue, ['NotVisible']);
  }

  /** One message with its attributes as texts, undefined when there is none; it stays in the queue. */
  async peek(queue) {
    const command = new ReceiveMessageCommand({
      QueueUrl: await this.#url(queue),
      MessageAttributeNames: ['All'],
      VisibilityTimeout: 0,
    });
    const { Messages: [message] = [] } = await this.#sqs.send(command);
    if (!message) return undefined;
    const attributes = Object.entries(message.MessageAttributes ?? {}).map(([name, { StringValue }]) => [
      name,
      StringValue,
    ]);
    return { body: message.Body, attributes: Object.fromEntries(attributes) };
  }

  close() {
    this.#sqs.destroy();
  }

  async #count(queue, states) {
    const command = new GetQueueAttributesCommand({ QueueUrl: await this.#url(queue), AttributeNames: ['All'] });
    const { Attributes = {} } = await this.#sqs.send(command);
    return states.reduce((sum, state) => sum + Number(Attributes[`ApproximateNumberOfMessages${state}`]), 0);
  }

  async #url(queue) {
    return (await this.#sqs.send(new GetQueueUrlCommand({ QueueName: `${this.#prefix}${queue}` }))).QueueUrl;
  }
}
