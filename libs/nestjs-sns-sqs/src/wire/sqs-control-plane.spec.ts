import type { SQSClient } from '@aws-sdk/client-sqs';
import { jest } from '@jest/globals';
import { SdkSqsControlPlane } from './sqs-control-plane.js';

function planeOver(answer: () => Promise<object>) {
  const send = jest.fn<(command: { input: object }) => Promise<object>>(answer);
  const plane = new SdkSqsControlPlane({ send } as unknown as SQSClient);
  return { plane, input: () => send.mock.calls[0]?.[0].input };
}
const failing = (name: string) => planeOver(() => Promise.reject(Object.assign(new Error('no'), { name }))).plane;

describe('SdkSqsControlPlane', () => {
  it("finds a queue's URL by its name", async () => {
    const { plane, input } = planeOver(() => Promise.resolve({ QueueUrl: 'url' }));
    expect(await plane.getQueueUrl('q')).toBe('url');
    expect(input()).toEqual({ QueueName: 'q' });
  });

  it.each(['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue'])(
    'says by undefined that there is no such queue (%s)',
    async name => {
      expect(await failing(name).getQueueUrl('q')).toBeUndefined();
    },
  );

  it('does not take a denied look for a missing queue', async () => {
    await expect(failing('AccessDenied').getQueueUrl('q')).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  it('reads all attributes', async () => {
    const { plane, input } = planeOver(() => Promise.resolve({ Attributes: { QueueArn: 'arn' } }));
    expect(await plane.getQueueAttributes('url')).toEqual({ QueueArn: 'arn' });
    expect(input()).toEqual({ QueueUrl: 'url', AttributeNames: ['All'] });
    expect(await planeOver(() => Promise.resolve({})).plane.getQueueAttributes('url')).toEqual({});
  });

  it('makes a queue with its attributes', async () => {
    const { plane, input } = planeOver(() => Promise.resolve({ QueueUrl: 'url' }));
    expect(await plane.createQueue('q', { VisibilityTimeout: '30' })).toBe('url');
    expect(input()).toEqual({ QueueName: 'q', Attributes: { VisibilityTimeout: '30' } });
  });

  it('does not go on without the URL of a queue that it made', async () => {
    await expect(planeOver(() => Promise.resolve({})).plane.createQueue('q', {})).rejects.toThrow(/without a QueueUrl/);
  });

  it('sets attributes', async () => {
    const { plane, input } = planeOver(() => Promise.resolve({}));
    await plane.setQueueAttributes('url', { Policy: '{}' });
    expect(input()).toEqual({ QueueUrl: 'url', Attributes: { Policy: '{}' } });
  });

  it('gives tags at the creation, and leaves them out where there are none', async () => {
    const { plane, input } = planeOver(() => Promise.resolve({ QueueUrl: 'url' }));
    await plane.createQueue('q', {}, { team: 'mail' });
    expect(input()).toEqual({ QueueName: 'q', Attributes: {}, tags: { team: 'mail' } });
  });

  it('reads, writes and removes tags; a queue without tags has none', async () => {
    expect(await planeOver(() => Promise.resolve({})).plane.listQueueTags('url')).toEqual({});
    const tagging = planeOver(() => Promise.resolve({}));
    await tagging.plane.tagQueue('url', { a: '1' });
    expect(tagging.input()).toEqual({ QueueUrl: 'url', Tags: { a: '1' } });
    const untagging = planeOver(() => Promise.resolve({}));
    await untagging.plane.untagQueue('url', ['a']);
    expect(untagging.input()).toEqual({ QueueUrl: 'url', TagKeys: ['a'] });
  });

  it('deletes a queue', async () => {
    const { plane, input } = planeOver(() => Promise.resolve({}));
    await plane.deleteQueue('url');
    expect(input()).toEqual({ QueueUrl: 'url' });
  });
});
