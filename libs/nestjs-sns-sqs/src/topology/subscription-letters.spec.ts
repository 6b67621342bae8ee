import { FakePlanes, queueArn, subscriptionArn, topicArn } from '../../test/fake-planes.js';
import type { TopologyOptions } from '../interfaces/topology-options.interface.js';
import { buildTopology, type DeclaredHandler } from './build-topology.js';
import { provision } from './provision.js';
import { admittedTopics } from './queue-policy.js';
import { lettersFor } from './subscription-letters.js';

const OWNER = { service: 'notifications', prefix: '' };
const start = (
  fake: FakePlanes,
  mode: 'create' | 'verify',
  wishes?: TopologyOptions,
  handlers: DeclaredHandler[] = [{ pattern: 'a', topic: 'users', queue: 'mail' }],
) =>
  provision(
    buildTopology({
      ...OWNER,
      handlers,
      wishes,
      settingsOf: () => ({ visibilityTimeoutSeconds: 30, retentionSeconds: 60 }),
    }),
    fake.planes(),
    mode,
    OWNER,
  );
const MAIL = subscriptionArn('users', 'mail');
const redrive = (name: string): string => JSON.stringify({ deadLetterTargetArn: queueArn(name) });
const OFF = { subscriptionDeadLetterQueues: false };

describe('events that SNS cannot deliver', () => {
  it('go to the dead letter queue of the queue, which lets the topic in before the topic is subscribed', async () => {
    const fake = new FakePlanes();
    await start(fake, 'create');
    expect(fake.subscriptions.get(MAIL)).toMatchObject({ RedrivePolicy: redrive('mail-dlq') });
    expect(admittedTopics(fake.queues.get('mail-dlq')?.['Policy'])).toEqual([topicArn('users')]);
    expect(fake.calls.indexOf('set Policy of mail-dlq')).toBeLessThan(fake.calls.indexOf('subscribe mail'));
    await expect(start(fake, 'verify')).resolves.toHaveLength(1);
  });

  it('are dropped where an older version has made the subscription: create mends it once, verify tells both halves', async () => {
    const fake = new FakePlanes();
    await start(fake, 'create', OFF);
    expect(fake.subscriptions.get(MAIL)).not.toHaveProperty('RedrivePolicy');
    expect(fake.queues.get('mail-dlq')).not.toHaveProperty('Policy');
    await expect(start(fake, 'verify')).rejects.toThrow(
      /- subscription of mail to users: RedrivePolicy: .*found nothing\n.*- mail-dlq: Policy: .*found nothing/s,
    );
    await expect(start(fake, 'verify', OFF)).resolves.toHaveLength(1);
    await start(fake, 'create');
    await start(fake, 'verify');
    fake.calls.length = 0;
    // Old and new instances beside each other: neither undoes what the other has done.
    for (const wishes of [OFF, undefined, OFF]) await start(fake, 'create', wishes);
    expect(fake.calls).toEqual([]);
    expect(fake.subscriptions.get(MAIL)).toMatchObject({ RedrivePolicy: redrive('mail-dlq') });
  });

  it("stay in a dead letter queue of the team's own, and nothing is asked of ours", async () => {
    const fake = new FakePlanes();
    await start(fake, 'create', OFF);
    Object.assign(fake.subscriptions.get(MAIL) ?? {}, { RedrivePolicy: redrive('of-the-platform') });
    await expect(start(fake, 'verify')).resolves.toHaveLength(1);
    await start(fake, 'create');
    expect(fake.subscriptions.get(MAIL)).toMatchObject({ RedrivePolicy: redrive('of-the-platform') });
  });

  it('are shut out by a policy that was changed: verify tells it, create mends it and keeps the statements of others', async () => {
    const fake = new FakePlanes();
    await start(fake, 'create');
    const foreign = { Sid: 'theirs', Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: '*' };
    Object.assign(fake.queues.get('mail-dlq') ?? {}, { Policy: JSON.stringify({ Statement: [foreign] }) });
    await expect(start(fake, 'verify')).rejects.toThrow(/- mail-dlq: Policy: /);
    await start(fake, 'create');
    const { Policy = '' } = fake.queues.get('mail-dlq') ?? {};
    expect(Policy).toContain('"theirs"');
    expect(admittedTopics(Policy)).toEqual([topicArn('users')]);
  });

  it('of a topic elsewhere are left to whoever subscribes: SNS would refuse the start', async () => {
    const fake = new FakePlanes();
    const topic = 'arn:aws:sns:eu-west-1:999999999999:orders-domain-events';
    await start(fake, 'create', undefined, [{ pattern: 'a', topic, queue: 'mail' }]);
    expect(fake.subscriptions.get(`${topic}:id-mail`)).not.toHaveProperty('RedrivePolicy');
    expect(fake.queues.get('mail-dlq')).not.toHaveProperty('Policy');
    await expect(start(fake, 'verify', undefined, [{ pattern: 'a', topic, queue: 'mail' }])).resolves.toHaveLength(1);
  });

  it.each([
    ['arn:aws:sns:eu-west-1:123456789012:users', true],
    ['arn:aws:sns:us-east-1:123456789012:users', false],
    ['arn:aws:sns:eu-west-1:999999999999:users', false],
  ])('of %s may go to our queue: %s', (topic, may) => {
    expect(lettersFor({}, topic, queueArn('mail-dlq'))).toBe(may ? queueArn('mail-dlq') : undefined);
  });
});
