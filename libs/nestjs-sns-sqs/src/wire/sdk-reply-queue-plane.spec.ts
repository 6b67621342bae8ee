import type { SQSClient } from '@aws-sdk/client-sqs';
import { jest } from '@jest/globals';
import { SdkReplyQueuePlane } from './sdk-reply-queue-plane.js';

function planeOver(answer: object = {}) {
  const send = jest.fn<(command: { input: object }, options?: object) => Promise<object>>(() =>
    Promise.resolve(answer),
  );
  const plane = new SdkReplyQueuePlane({ send } as unknown as SQSClient);
  return { plane, send, call: () => [send.mock.calls[0]?.[0].constructor.name, send.mock.calls[0]?.[0].input] };
}

describe('SdkReplyQueuePlane', () => {
  it('makes a queue with its attributes and tags', async () => {
    const { plane, call } = planeOver({ QueueUrl: 'url' });
    expect(await plane.create('q', { VisibilityTimeout: '30' }, { a: 'b' })).toBe('url');
    expect(call()).toEqual([
      'CreateQueueCommand',
      { QueueName: 'q', Attributes: { VisibilityTimeout: '30' }, tags: { a: 'b' } },
    ]);
    await expect(planeOver().plane.create('q', {}, {})).rejects.toThrow(/without a QueueUrl/);
  });

  it('tags and deletes by URL', async () => {
    const tagging = planeOver();
    await tagging.plane.tag('url', { a: 'b' });
    expect(tagging.call()).toEqual(['TagQueueCommand', { QueueUrl: 'url', Tags: { a: 'b' } }]);
    const deleting = planeOver();
    const { signal } = new AbortController();
    await deleting.plane.delete('url', signal);
    expect(deleting.call()).toEqual(['DeleteQueueCommand', { QueueUrl: 'url' }]);
    expect(deleting.send).toHaveBeenCalledWith(expect.anything(), { abortSignal: signal });
  });
});
