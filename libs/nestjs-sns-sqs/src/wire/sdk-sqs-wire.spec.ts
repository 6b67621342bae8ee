import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { jest } from '@jest/globals';
import { HttpResponse } from '@smithy/core/protocols';
import { SdkSqsWire } from './sdk-sqs-wire.js';

function clientAnswering(answer: object) {
  const send = jest.fn<(command: { input: object }, options?: object) => Promise<object>>(() =>
    Promise.resolve(answer),
  );
  return { client: { send } as unknown as SQSClient, send, sent: () => send.mock.calls[0]?.[0] };
}

describe('SdkSqsWire', () => {
  it('receives with all attributes', async () => {
    const polling = clientAnswering({ Messages: [{ MessageId: 'm' }] });
    const { signal } = new AbortController();
    const request = { queueUrl: 'url', maxMessages: 4, waitTimeSeconds: 20, visibilityTimeoutSeconds: 30, signal };
    expect(await new SdkSqsWire(polling.client).receive(request)).toEqual([{ MessageId: 'm' }]);
    expect(polling.sent()).toBeInstanceOf(ReceiveMessageCommand);
    expect(polling.sent()?.input).toEqual({
      QueueUrl: 'url',
      MaxNumberOfMessages: 4,
      WaitTimeSeconds: 20,
      VisibilityTimeout: 30,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    });
    expect(polling.send.mock.calls[0]?.[1]).toEqual({ abortSignal: signal });
  });

  it('gives an empty list when SQS gives none', async () => {
    const { client } = clientAnswering({});
    const request = { queueUrl: 'url', maxMessages: 1, waitTimeSeconds: 0, visibilityTimeoutSeconds: 30 };
    expect(await new SdkSqsWire(client).receive(request)).toEqual([]);
  });

  it('tells the date that an answer states, and none where it states none', async () => {
    const dates: number[] = [];
    const stating = (date: string): Record<string, string> => ({ date });
    for (const headers of [undefined, {}, stating('soon'), stating('Thu, 01 Jan 2026 01:00:00 GMT')]) {
      const answer = Object.assign(new HttpResponse({ statusCode: 200, body: Buffer.from('{}') }), { headers });
      const client = new SQSClient({
        region: 'us-east-1',
        endpoint: 'http://local',
        credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
        maxAttempts: 1,
        requestHandler: { handle: () => Promise.resolve({ response: answer }) },
      });
      const queueUrl = 'http://local/000000000000/q';
      const request = { queueUrl, maxMessages: 1, waitTimeSeconds: 0, visibilityTimeoutSeconds: 30 };
      await new SdkSqsWire(client).receive({ ...request, onDate: date => dates.push(date) }).catch(() => undefined);
    }
    expect(dates).toEqual([Date.UTC(2026, 0, 1, 1)]);
  });

  it('deletes by handle and tells what failed', async () => {
    const failed = { Id: '1', Code: 'ReceiptHandleIsInvalid', Message: 'gone', SenderFault: true };
    const { client, sent } = clientAnswering({ Successful: [{ Id: '0' }], Failed: [failed] });
    const result = await new SdkSqsWire(client).deleteBatch('url', [
      { id: '0', receiptHandle: 'a' },
      { id: '1', receiptHandle: 'b' },
    ]);
    expect(sent()).toBeInstanceOf(DeleteMessageBatchCommand);
    expect(sent()?.input).toEqual({
      QueueUrl: 'url',
      Entries: [
        { Id: '0', ReceiptHandle: 'a' },
        { Id: '1', ReceiptHandle: 'b' },
      ],
    });
    expect(result.failed).toEqual([{ id: '1', code: 'ReceiptHandleIsInvalid', message: 'gone', senderFault: true }]);
  });

  it('changes visibility, to 0 too', async () => {
    const { client, sent } = clientAnswering({ Successful: [{ Id: '0' }] });
    await new SdkSqsWire(client).changeVisibilityBatch('url', [
      { id: '0', receiptHandle: 'a', visibilityTimeoutSeconds: 0 },
    ]);
    expect(sent()).toBeInstanceOf(ChangeMessageVisibilityBatchCommand);
    expect(sent()?.input).toEqual({
      QueueUrl: 'url',
      Entries: [{ Id: '0', ReceiptHandle: 'a', VisibilityTimeout: 0 }],
    });
  });

  it('sends with group, deduplication id and delay where they are given', async () => {
    const { client, sent } = clientAnswering({ Successful: [{ Id: '0', MessageId: 'm' }] });
    const attributes = { type: { DataType: 'String', StringValue: 'a' } };
    const result = await new SdkSqsWire(client).sendBatch('url', [
      { id: '0', body: 'x', attributes, groupId: 'g', deduplicationId: 'd', delaySeconds: 0 },
      { id: '1', body: 'y', attributes: {} },
    ]);
    expect(sent()).toBeInstanceOf(SendMessageBatchCommand);
    expect(sent()?.input).toEqual({
      QueueUrl: 'url',
      Entries: [
        {
          Id: '0',
          MessageBody: 'x',
          MessageAttributes: attributes,
          MessageGroupId: 'g',
          MessageDeduplicationId: 'd',
          DelaySeconds: 0,
        },
        { Id: '1', MessageBody: 'y', MessageAttributes: {} },
      ],
    });
    expect(result.successful).toEqual([{ id: '0', messageId: 'm' }]);
    expect(result.failed).toMatchObject([{ id: '1', code: 'NoResult' }]);
  });

  it('rejects with what the client threw', async () => {
    const error = new Error('no route');
    const client = { send: () => Promise.reject(error) } as unknown as SQSClient;
    await expect(new SdkSqsWire(client).deleteBatch('url', [])).rejects.toBe(error);
  });
});
