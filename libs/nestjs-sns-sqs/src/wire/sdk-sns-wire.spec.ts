import { PublishBatchCommand, type SNSClient } from '@aws-sdk/client-sns';
import { jest } from '@jest/globals';
import { SdkSnsWire } from './sdk-sns-wire.js';

describe('SdkSnsWire', () => {
  it('publishes a batch, with group and deduplication id where they are given', async () => {
    const send = jest.fn<(command: { input: object }) => Promise<object>>(() =>
      Promise.resolve({ Successful: [{ Id: '0', MessageId: 'm' }], Failed: [] }),
    );
    const attributes = { type: { DataType: 'String', StringValue: 'a' } };
    const result = await new SdkSnsWire({ send } as unknown as SNSClient).publishBatch('arn', [
      { id: '0', body: 'x', attributes, groupId: 'g', deduplicationId: 'd' },
      { id: '1', body: 'y', attributes: {} },
    ]);
    const command = send.mock.calls[0]?.[0];
    expect(command).toBeInstanceOf(PublishBatchCommand);
    expect(command?.input).toEqual({
      TopicArn: 'arn',
      PublishBatchRequestEntries: [
        { Id: '0', Message: 'x', MessageAttributes: attributes, MessageGroupId: 'g', MessageDeduplicationId: 'd' },
        { Id: '1', Message: 'y', MessageAttributes: {} },
      ],
    });
    expect(result.successful).toEqual([{ id: '0', messageId: 'm' }]);
    expect(result.failed).toMatchObject([{ id: '1', code: 'NoResult', senderFault: false }]);
  });

  it('rejects with what the client threw', async () => {
    const error = new Error('no route');
    const client = { send: () => Promise.reject(error) } as unknown as SNSClient;
    await expect(new SdkSnsWire(client).publishBatch('arn', [])).rejects.toBe(error);
  });
});
