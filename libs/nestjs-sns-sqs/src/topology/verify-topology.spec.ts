import { jest } from '@jest/globals';
import type { Attributes, SnsControlPlane, SqsControlPlane } from '../interfaces/control-plane.interface.js';
import type { Difference } from './differences.js';
import { planPolicy } from './queue-policy.js';
import { planLettersPolicy } from './subscription-letters.js';
import type { QueueSpec, Topology } from './topology.model.js';
import { TagKeeper } from './tag-keeper.js';
import { verifyTopology } from './verify-topology.js';
import { deadLetterQueueAttributes, queueAttributes, subscriptionAttributes } from './attribute-rules.js';
import { redriveAllowPolicy } from './redrive-allow-policy.js';

const ACCOUNT = 'eu-west-1:123456789012';
const queueArn = (name: string) => `arn:aws:sqs:${ACCOUNT}:${name}`;
const TOPIC = `arn:aws:sns:${ACCOUNT}:users`;
const subscription = { topic: 'users', types: ['user.registered'] };
const mail: QueueSpec = {
  name: 'mail',
  fifo: false,
  deadLetterQueue: 'mail-dlq',
  visibilityTimeoutSeconds: 30,
  retentionSeconds: 1_209_600,
  subscriptions: [subscription],
  formerly: [],
};
const topology: Topology = { topics: [{ name: 'users' }], queues: [mail] };

/** What is there, all as it should be; a test takes something away. `changing` counts calls that change something. */
function aws() {
  const queues = new Map<string, Attributes>([
    [
      'mail',
      {
        QueueArn: queueArn('mail'),
        ...queueAttributes(mail, queueArn('mail-dlq')),
        Policy: planPolicy(undefined, queueArn('mail'), [TOPIC], new Map([[TOPIC, 'id']])).policy,
      },
    ],
    [
      'mail-dlq',
      {
        QueueArn: queueArn('mail-dlq'),
        ...deadLetterQueueAttributes(mail),
        ...redriveAllowPolicy(queueArn('mail')),
        Policy: planLettersPolicy(undefined, queueArn('mail-dlq'), [TOPIC]).policy,
      },
    ],
  ]);
  const topics = new Map<string, Attributes>([[TOPIC, { SubscriptionsConfirmed: '1' }]]);
  const subscriptions = new Map<string, Attributes>([
    [`${TOPIC}:id`, subscriptionAttributes(subscription, queueArn('mail-dlq'))],
  ]);
  const changing = jest.fn<() => Promise<never>>(() => Promise.reject(new Error('verify must change nothing')));
  const sqs: SqsControlPlane = {
    getQueueUrl: name => Promise.resolve(queues.has(name) ? `url/${name}` : undefined),
    getQueueAttributes: url => Promise.resolve(queues.get(url.slice(4)) ?? {}),
    createQueue: changing,
    setQueueAttributes: changing,
    listQueueTags: () => Promise.resolve({}),
    // Tags are no settings.
    tagQueue: () => Promise.resolve(),
    untagQueue: changing,
    deleteQueue: changing,
  };
  const sns: SnsControlPlane = {
    createTopic: changing,
    getTopicAttributes: arn => Promise.resolve(topics.get(arn)),
    subscribe: changing,
    getSubscriptionAttributes: arn => Promise.resolve(subscriptions.get(arn)),
    setSubscriptionAttribute: changing,
    unsubscribe: changing,
  };
  const logger = { log: jest.fn(), warn: jest.fn<(text: string) => void>() };
  const planes = { sqs, sns, logger, signal: new AbortController().signal };
  const keeper = new TagKeeper(planes, { service: 'notifications', prefix: '', claims: false });
  const verify = () => verifyTopology(topology, planes, keeper);
  /** `resource attribute` of each difference that is told. */
  const differences = async (): Promise<string[]> => {
    const error: unknown = await verify().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'TOPOLOGY_DIFFERS' });
    const { facts } = error as { facts: { differences: Difference[] } };
    return facts.differences.map(({ resource, attribute }) => `${resource} ${attribute}`).toSorted();
  };
  return { queues, topics, subscriptions, changing, logger, verify, differences };
}

describe('verifyTopology', () => {
  it('gives the queues when everything is as the handlers need it', async () => {
    const { verify, logger } = aws();
    expect(await verify()).toMatchObject([{ name: 'mail', url: 'url/mail', deadLetterQueueUrl: 'url/mail-dlq' }]);
    expect(logger.warn).not.toHaveBeenCalled();
  });

  it('lists every difference at once, and changes nothing', async () => {
    const { queues, subscriptions, differences, changing } = aws();
    Object.assign(queues.get('mail') ?? {}, { VisibilityTimeout: '5' });
    Object.assign(queues.get('mail-dlq') ?? {}, { MessageRetentionPeriod: '60' });
    Object.assign(subscriptions.get(`${TOPIC}:id`) ?? {}, { RawMessageDelivery: 'false' });
    expect(await differences()).toEqual([
      'mail VisibilityTimeout',
      'mail-dlq MessageRetentionPeriod',
      'subscription of mail to users RawMessageDelivery',
    ]);
    expect(changing).not.toHaveBeenCalled();
  });

  it('says of each difference what is wanted and what is found', async () => {
    const { queues, verify } = aws();
    Object.assign(queues.get('mail') ?? {}, { VisibilityTimeout: '5' });
    await expect(verify()).rejects.toThrow('- mail: VisibilityTimeout: wanted 30, found 5\n');
  });

  it('tells all that is missing where nothing is there', async () => {
    const { queues, topics, differences, changing } = aws();
    queues.clear();
    topics.clear();
    expect(await differences()).toEqual([
      'queue mail existence',
      'queue mail-dlq existence',
      'subscription of mail to users existence',
    ]);
    expect(changing).not.toHaveBeenCalled();
  });

  it('looks at the topic too where only the dead letter queue is there', async () => {
    const { queues, topics, differences } = aws();
    queues.delete('mail');
    topics.clear();
    expect(await differences()).toEqual(['queue mail existence', 'topic users existence']);
  });

  it('does not blame the redrive policy for a dead letter queue that is missing', async () => {
    const { queues, differences } = aws();
    queues.delete('mail-dlq');
    expect(await differences()).toEqual(['queue mail-dlq existence']);
  });

  it('misses a subscription that is gone, or that was never made', async () => {
    const gone = aws();
    gone.subscriptions.clear();
    expect(await gone.differences()).toEqual(['subscription of mail to users existence']);
    const never = aws();
    const { policy } = planPolicy(undefined, queueArn('mail'), [TOPIC], new Map());
    Object.assign(never.queues.get('mail') ?? {}, { Policy: policy });
    never.topics.set(TOPIC, { SubscriptionsConfirmed: '0' });
    expect(await never.differences()).toEqual(['subscription of mail to users existence']);
  });

  it('only warns of a subscription that somebody else may have made', async () => {
    const { queues, verify, logger } = aws();
    const { policy } = planPolicy(undefined, queueArn('mail'), [TOPIC], new Map());
    Object.assign(queues.get('mail') ?? {}, { Policy: policy });
    await expect(verify()).resolves.toHaveLength(1);
    expect(logger.warn).toHaveBeenCalledWith(expect.stringContaining('was not created by this library'));
  });

  it('sees a policy that keeps the topic out', async () => {
    const { queues, topics, differences } = aws();
    delete queues.get('mail')?.['Policy'];
    topics.set(TOPIC, { SubscriptionsConfirmed: '3' });
    expect(await differences()).toEqual(['mail Policy']);
  });
});
