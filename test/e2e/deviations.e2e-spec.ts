import { CreateTopicCommand, PublishCommand } from '@aws-sdk/client-sns';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  type Message,
} from '@aws-sdk/client-sqs';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';
import { itIsAwsRule } from './deviations.js';

describe("AWS's rules that other servers break", () => {
  const here = world();

  const queueOf = async (name: string, attributes: Record<string, string> = {}): Promise<string> => {
    const command = new CreateQueueCommand({ QueueName: `${here.prefix}${name}`, Attributes: attributes });
    return (await here.clients.sqs.send(command)).QueueUrl ?? '';
  };
  const receive = async (QueueUrl: string): Promise<Message[]> => {
    const command = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 });
    return (await here.clients.sqs.send(command)).Messages ?? [];
  };

  itIsAwsRule('fifo-head-invisible')(
    'no later message of a group is delivered while its head is invisible',
    async () => {
      const { sqs } = here.clients;
      const QueueUrl = await queueOf('rule.fifo', { FifoQueue: 'true' });
      const Entries = ['a', 'b', 'c'].map(Id => ({
        Id,
        MessageBody: Id,
        MessageGroupId: 'g',
        MessageDeduplicationId: Id,
      }));
      await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
      const received = await receive(QueueUrl);
      for (const [index, { ReceiptHandle }] of received.entries()) {
        const VisibilityTimeout = index === 0 ? 60 : 0;
        await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }));
      }
      expect(await receive(QueueUrl)).toEqual([]);
    },
  );

  itIsAwsRule('closed-poll-takes-nothing')(
    'a long poll whose connection was closed takes no message that becomes available afterwards',
    async () => {
      const { sqs } = here.clients;
      const QueueUrl = await queueOf('rule');
      const cut = new AbortController();
      const poll = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 10 }), { abortSignal: cut.signal });
      const ended = poll.catch(() => undefined);
      await new Promise(resolve => setTimeout(resolve, 500));
      cut.abort();
      await ended;
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
      const message = await waitFor('it', async () => (await receive(QueueUrl))[0], 4_000);
      expect(message.Body).toBe('x');
    },
  );

  itIsAwsRule('attribute-characters')('an attribute with a control character is refused', async () => {
    const { sns } = here.clients;
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: `${here.prefix}rule` }));
    const MessageAttributes = { type: { DataType: 'String', StringValue: 'a\u0007' } };
    await expect(sns.send(new PublishCommand({ TopicArn, Message: 'x', MessageAttributes }))).rejects.toThrow(
      /attribute/,
    );
  });
});
