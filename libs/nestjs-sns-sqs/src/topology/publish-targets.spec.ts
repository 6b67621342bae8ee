import { jest } from '@jest/globals';
import type { SnsControlPlane, SqsControlPlane } from '../interfaces/control-plane.interface.js';
import type { Provisioning } from '../interfaces/options.interface.js';
import { queueUrlFor, topicArnFor } from './publish-targets.js';

const { signal } = new AbortController();

describe('topicArnFor', () => {
  const createTopic = jest.fn<SnsControlPlane['createTopic']>();
  const getTopicAttributes = jest.fn<SnsControlPlane['getTopicAttributes']>();
  const sns = { createTopic, getTopicAttributes } as unknown as SnsControlPlane;
  const arnFor = (mode: Provisioning, region = 'eu-west-1', accountId: string | undefined = '123456789012') =>
    topicArnFor('t', mode, { sns, signal }, () => Promise.resolve({ region, accountId }));

  beforeEach(() => {
    createTopic.mockReset().mockResolvedValue('arn:made');
    getTopicAttributes.mockReset().mockResolvedValue({});
  });

  it('makes the topic with `create`', async () => {
    expect(await arnFor('create')).toBe('arn:made');
    expect(createTopic.mock.calls).toEqual([['t']]);
  });

  it('looks with `verify` whether the topic is there, and makes none', async () => {
    expect(await arnFor('verify')).toBe('arn:aws:sns:eu-west-1:123456789012:t');
    getTopicAttributes.mockResolvedValue(undefined);
    await expect(arnFor('verify')).rejects.toMatchObject({ code: 'TOPIC_NOT_FOUND', retryable: true });
    expect(createTopic).not.toHaveBeenCalled();
  });

  it.each([
    ['eu-west-1', 'aws'],
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
  ])('derives the ARN with `off`, in %s in the partition %s, without a call', async (region, partition) => {
    expect(await arnFor('off', region)).toBe(`arn:${partition}:sns:${region}:123456789012:t`);
    expect([...createTopic.mock.calls, ...getTopicAttributes.mock.calls]).toEqual([]);
  });

  it('says what to do when the credentials do not tell their account', async () => {
    const unknown = topicArnFor('t', 'off', { sns, signal }, () =>
      Promise.resolve({ region: 'eu-west-1', accountId: undefined }),
    );
    await expect(unknown).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining('AWS_ACCOUNT_ID') as string,
    });
  });
});

describe('queueUrlFor', () => {
  const getQueueUrl = jest.fn<SqsControlPlane['getQueueUrl']>();
  const createQueue = jest.fn<SqsControlPlane['createQueue']>();
  const sqs = { getQueueUrl, createQueue } as unknown as SqsControlPlane;

  beforeEach(() => {
    getQueueUrl.mockReset().mockResolvedValue(undefined);
    createQueue.mockReset().mockResolvedValue('url/made');
  });

  it('takes a queue that is there as it is', async () => {
    getQueueUrl.mockResolvedValue('url');
    expect(await queueUrlFor('q.fifo', 'create', { sqs, signal })).toBe('url');
    expect(createQueue).not.toHaveBeenCalled();
  });

  it('makes a missing one with `create`, so that nothing is lost before its consumer starts', async () => {
    expect(await queueUrlFor('q.fifo', 'create', { sqs, signal })).toBe('url/made');
    await queueUrlFor('q', 'create', { sqs, signal });
    expect(createQueue.mock.calls).toEqual([
      [
        'q.fifo',
        {
          FifoQueue: 'true',
          DeduplicationScope: 'messageGroup',
          FifoThroughputLimit: 'perMessageGroupId',
          SqsManagedSseEnabled: 'true',
          MessageRetentionPeriod: '1209600',
        },
      ],
      ['q', { SqsManagedSseEnabled: 'true', MessageRetentionPeriod: '1209600' }],
    ]);
  });

  it('tells whose queue it is, and makes it without where tags are denied', async () => {
    await queueUrlFor('q', 'create', { sqs, signal }, 'notifications');
    expect(createQueue.mock.calls[0]?.[2]).toEqual({ 'nestjs-sns-sqs:service': 'notifications' });
    createQueue.mockReset().mockRejectedValueOnce(Object.assign(new Error('no'), { name: 'AccessDenied' }));
    createQueue.mockResolvedValueOnce('url/made');
    expect(await queueUrlFor('q', 'create', { sqs, signal }, 'notifications')).toBe('url/made');
    expect(createQueue.mock.calls.map(([, , tags]) => tags)).toEqual([
      { 'nestjs-sns-sqs:service': 'notifications' },
      undefined,
    ]);
  });

  it('takes one that its consumer has made in the same moment, with other settings', async () => {
    createQueue.mockRejectedValue(Object.assign(new Error('taken'), { name: 'QueueNameExists' }));
    getQueueUrl.mockResolvedValueOnce(undefined).mockResolvedValueOnce('url');
    expect(await queueUrlFor('q', 'create', { sqs, signal })).toBe('url');
    await expect(queueUrlFor('q', 'create', { sqs, signal })).rejects.toMatchObject({
      code: 'AWS_CALL_FAILED',
      retryable: true,
    });
  });

  it.each(['verify', 'off'] as const)('makes none with `%s`, and may be tried again', async mode => {
    await expect(queueUrlFor('q', mode, { sqs, signal })).rejects.toMatchObject({
      code: 'QUEUE_NOT_FOUND',
      retryable: true,
    });
    expect(createQueue).not.toHaveBeenCalled();
  });
});
