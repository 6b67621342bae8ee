import { jest } from '@jest/globals';
import type { SnsControlPlane, SqsControlPlane } from '../interfaces/control-plane.interface.js';
import { FakePlanes } from '../../test/fake-planes.js';
import { createTopology } from './create-topology.js';
import { admittedTopics } from './queue-policy.js';
import type { Topology } from './topology.model.js';

const ACCOUNT = 'eu-west-1:123456789012';
const topology: Topology = {
  topics: [{ name: 'users' }],
  queues: [
    {
      name: 'mail',
      fifo: false,
      deadLetterQueue: 'mail-dlq',
      visibilityTimeoutSeconds: 30,
      retentionSeconds: 1_209_600,
      subscriptions: [{ topic: 'users', types: ['user.registered'] }],
      formerly: [],
    },
  ],
};

function aws() {
  const fake = new FakePlanes();
  const { queues, subscriptions, calls, logger } = fake;
  const sqs = {
    ...fake.sqs,
    getQueueUrl: jest.fn<SqsControlPlane['getQueueUrl']>(name => fake.sqs.getQueueUrl(name)),
    createQueue: jest.fn<SqsControlPlane['createQueue']>((...args) => fake.sqs.createQueue(...args)),
  };
  const sns = {
    ...fake.sns,
    subscribe: jest.fn<SnsControlPlane['subscribe']>((...args) => fake.sns.subscribe(...args)),
  };
  const stopping = new AbortController();
  const planes = { sqs, sns, logger, signal: stopping.signal };
  const create = () => createTopology(topology, planes, fake.keeper(planes));
  return { queues, subscriptions, calls, sqs, sns, logger, stopping, create };
}

const subscriptionArn = `arn:aws:sns:${ACCOUNT}:users:id-mail`;

describe('createTopology', () => {
  it('makes the dead letter queue before the queue, and lets the topic in before it subscribes', async () => {
    const { create, calls } = aws();
    expect(await create()).toMatchObject([{ name: 'mail', url: 'url/mail', deadLetterQueueUrl: 'url/mail-dlq' }]);
    expect(calls).toEqual([
      'create mail-dlq',
      'create mail',
      'set RedriveAllowPolicy of mail-dlq',
      'set Policy of mail-dlq',
      'set Policy of mail',
      'subscribe mail',
      'set Policy of mail',
    ]);
  });

  it('gives queue, dead letter queue and subscription what they need', async () => {
    const { create, queues, subscriptions } = aws();
    await create();
    expect(queues.get('mail')).toMatchObject({ VisibilityTimeout: '30', SqsManagedSseEnabled: 'true' });
    expect(JSON.parse(queues.get('mail')?.['RedrivePolicy'] ?? '')).toEqual({
      deadLetterTargetArn: `arn:aws:sqs:${ACCOUNT}:mail-dlq`,
      maxReceiveCount: 1_000,
    });
    expect(queues.get('mail')?.['Policy']).toContain('"nestjs-sns-sqs:id-mail"');
    expect(queues.get('mail-dlq')).toMatchObject({ MessageRetentionPeriod: '1209600' });
    expect(subscriptions.get(subscriptionArn)).toEqual({
      RawMessageDelivery: 'true',
      FilterPolicyScope: 'MessageAttributes',
      FilterPolicy: '{"type":["user.registered"]}',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: `arn:aws:sqs:${ACCOUNT}:mail-dlq` }),
    });
    expect(admittedTopics(queues.get('mail-dlq')?.['Policy'])).toEqual([`arn:aws:sns:${ACCOUNT}:users`]);
  });

  it('tells what it makes, and warns of nothing', async () => {
    const { create, logger } = aws();
    await create();
    expect(logger.log.mock.calls).toEqual([
      ['created queue mail-dlq'],
      ['created queue mail'],
      ['subscribed mail to users'],
    ]);
    expect(logger.warn).not.toHaveBeenCalled();
  });

  it('changes nothing at the second start', async () => {
    const { create, calls, logger } = aws();
    const first = await create();
    calls.length = 0;
    logger.log.mockClear();
    expect(await create()).toEqual(first);
    expect(calls).toEqual([]);
    expect(logger.log).not.toHaveBeenCalled();
  });

  it('repairs what somebody has changed, and says it', async () => {
    const { create, queues, subscriptions, calls, logger } = aws();
    await create();
    calls.length = 0;
    Object.assign(queues.get('mail') ?? {}, { VisibilityTimeout: '5', DelaySeconds: '9' });
    Object.assign(subscriptions.get(subscriptionArn) ?? {}, { FilterPolicy: '{"type":["other"]}' });
    await create();
    expect(calls).toEqual(['set VisibilityTimeout of mail', 'set FilterPolicy of the subscription']);
    expect(queues.get('mail')).toMatchObject({ VisibilityTimeout: '30', DelaySeconds: '9' });
    expect(logger.warn.mock.calls.map(([text]) => text)).toEqual([
      'repaired mail: VisibilityTimeout: wanted 30, found 5',
      expect.stringMatching(/^repaired subscription of mail to users: FilterPolicy/),
    ]);
  });

  it('shuts no other queue out of a dead letter queue that a team has made for several', async () => {
    const { create, queues, calls } = aws();
    await create();
    delete queues.get('mail-dlq')?.['RedriveAllowPolicy'];
    calls.length = 0;
    await create();
    expect(calls).toEqual([]);
  });

  it('subscribes again when the subscription is gone', async () => {
    const { create, subscriptions, calls } = aws();
    await create();
    calls.length = 0;
    subscriptions.clear();
    await create();
    expect(calls).toEqual(['subscribe mail']);
  });

  it('takes over a queue that another instance has made in the same moment', async () => {
    const { create, sqs, queues } = aws();
    await create();
    queues.set('mail', { ...queues.get('mail'), VisibilityTimeout: '7' });
    sqs.getQueueUrl.mockResolvedValueOnce(undefined);
    sqs.createQueue.mockRejectedValueOnce(Object.assign(new Error('taken'), { name: 'QueueNameExists' }));
    await expect(create()).resolves.toHaveLength(1);
    expect(queues.get('mail')).toMatchObject({ VisibilityTimeout: '30' });
  });

  it('takes over a subscription that exists with other attributes', async () => {
    const { create, sns, subscriptions } = aws();
    subscriptions.set(subscriptionArn, { RawMessageDelivery: 'false' });
    sns.subscribe.mockRejectedValueOnce(
      new Error('Invalid parameter: Subscription already exists with different attributes'),
    );
    await create();
    expect(subscriptions.get(subscriptionArn)).toMatchObject({ RawMessageDelivery: 'true' });
  });

  it('names what it may not do', async () => {
    const { create, sqs } = aws();
    sqs.createQueue.mockRejectedValue(Object.assign(new Error('no'), { name: 'AccessDenied' }));
    await expect(create()).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      facts: { operation: 'CreateQueue', resource: 'mail-dlq' },
    });
  });

  it('calls nothing more once the server is stopped', async () => {
    const { create, stopping, sqs, calls } = aws();
    sqs.getQueueUrl.mockImplementationOnce(() => {
      stopping.abort();
      return Promise.resolve(undefined);
    });
    await expect(create()).rejects.toMatchObject({ code: 'SERVER_CLOSED' });
    expect(calls).toEqual([]);
  });
});
