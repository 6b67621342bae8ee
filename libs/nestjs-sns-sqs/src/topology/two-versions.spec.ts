import * as fc from 'fast-check';
import { FakePlanes, queueArn, subscriptionArn, topicArn } from '../../test/fake-planes.js';
import { buildTopology, type DeclaredHandler } from './build-topology.js';
import { createTopology } from './create-topology.js';
import { filterPolicyOf } from './filter-policy.js';
import { letsThrough } from './filter-union.js';
import { admittedTopics, recordedSubscriptions } from './queue-policy.js';
import { planLettersPolicy } from './subscription-letters.js';
import type { Topology } from './topology.model.js';
import { verifyTopology } from './verify-topology.js';

const handler: fc.Arbitrary<DeclaredHandler> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      topic: fc.constantFrom('users', 'orders'),
      queue: fc.constantFrom('mail', 'audit'),
      pattern: fc.constantFrom('a', 'b', 'user.created', 'user.*', '*.deleted', 'user.*.v2', '*'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ pattern: fc.constantFrom('do', 'undo') }) },
);
const version = fc
  .record({
    handlers: fc.array(handler, { minLength: 1, maxLength: 6 }),
    visibilityTimeoutSeconds: fc.integer({ min: 1, max: 43_200 }),
    retentionSeconds: fc.integer({ min: 60, max: 1_209_600 }),
  })
  .map(({ handlers, ...settings }) =>
    buildTopology({ service: 'notifications', prefix: '', handlers, settingsOf: () => settings }),
  );

/** Everything that this version needs is in place. */
function expectWorks(topology: Topology, { queues, subscriptions }: FakePlanes): void {
  for (const spec of topology.queues) {
    const found = queues.get(spec.name) ?? {};
    expect(Number(found['VisibilityTimeout'])).toBeGreaterThanOrEqual(spec.visibilityTimeoutSeconds);
    expect(Number(found['MessageRetentionPeriod'])).toBeGreaterThanOrEqual(spec.retentionSeconds);
    expect(found['RedrivePolicy']).toContain('"maxReceiveCount":1000');
    const admitted = admittedTopics(found['Policy']);
    const recorded = recordedSubscriptions(found['Policy'], found['QueueArn']);
    for (const { topic, types } of spec.subscriptions) {
      expect(admitted).toContain(topicArn(topic));
      expect(recorded.get(topicArn(topic))).toBe(`id-${spec.name}`);
      const attributes = subscriptions.get(subscriptionArn(topic, spec.name)) ?? {};
      expect(attributes['RedrivePolicy']).toContain(`${spec.name}-dlq`);
      expect(admittedTopics(queues.get(spec.deadLetterQueue)?.['Policy'])).toContain(topicArn(topic));
      expect(letsThrough(attributes['FilterPolicy'] ?? '{}', filterPolicyOf(types), attributes)).toBe(true);
    }
  }
}

const stateOf = ({ queues, subscriptions }: FakePlanes): string => JSON.stringify([[...queues], [...subscriptions]]);

describe('two versions of a service', () => {
  it('reach a state that serves both, whichever starts how often, and nothing changes from the third start on', async () => {
    const holds = fc.assert(
      fc.asyncProperty(version, version, async (one, two) => {
        const fake = new FakePlanes();
        const planes = fake.planes();
        await createTopology(one, planes, fake.keeper());
        await createTopology(two, planes, fake.keeper());
        expectWorks(one, fake);
        expectWorks(two, fake);
        const reached = stateOf(fake);
        fake.calls.length = 0;
        for (const each of [one, two, one]) {
          await createTopology(each, planes, fake.keeper());
          await verifyTopology(each, planes, fake.keeper());
        }
        expect(fake.calls).toEqual([]);
        expect(stateOf(fake)).toBe(reached);
      }),
      { numRuns: 60 },
    );
    await expect(holds).resolves.toBeUndefined();
  });

  it('reach it too when both start in the same moment', async () => {
    const holds = fc.assert(
      fc.asyncProperty(version, version, fc.infiniteStream(fc.nat(3)), async (one, two, turns) => {
        const fake = new FakePlanes();
        const planes = fake.planes();
        // Each call is put off by a few turns, so that the calls of both are mixed in many ways.
        fake.delay = async () => {
          for (let left = turns.next().value; left > 0; left -= 1) await Promise.resolve();
        };
        await Promise.all([createTopology(one, planes, fake.keeper()), createTopology(two, planes, fake.keeper())]);
        // Who wrote last has seen what the other wrote; the next look repairs what a last write has undone.
        await createTopology(one, planes, fake.keeper());
        expectWorks(one, fake);
        await createTopology(two, planes, fake.keeper());
        expectWorks(one, fake);
        expectWorks(two, fake);
      }),
      { numRuns: 60 },
    );
    await expect(holds).resolves.toBeUndefined();
  });

  it('write again what the other has overwritten in the same moment with what it had read before', async () => {
    const withTopic = (topic: string): Topology =>
      buildTopology({
        service: 'notifications',
        prefix: '',
        handlers: [{ pattern: 'a', queue: 'mail', topic }],
        settingsOf: () => ({ visibilityTimeoutSeconds: 30, retentionSeconds: 60 }),
      });
    const fake = new FakePlanes();
    await createTopology(withTopic('users'), fake.planes(), fake.keeper());
    const policyOf = (name: string): string => fake.queues.get(name)?.['Policy'] ?? '';
    const others: Record<string, string> = {
      'url/mail': policyOf('mail'),
      // With a topic of its own.
      'url/mail-dlq': planLettersPolicy(policyOf('mail-dlq'), queueArn('mail-dlq'), [topicArn('billing')]).policy,
    };
    const set = fake.sqs.setQueueAttributes.bind(fake.sqs);
    const overwrites: Record<string, number> = { 'url/mail': 2, 'url/mail-dlq': 1 };
    fake.sqs.setQueueAttributes = async (url, attributes) => {
      await set(url, attributes);
      // The other version's write comes last.
      if (attributes['Policy'] && (overwrites[url] = (overwrites[url] ?? 0) - 1) >= 0) {
        await set(url, { Policy: others[url] ?? '' });
      }
    };
    await createTopology(withTopic('orders'), fake.planes(), fake.keeper());
    expect(admittedTopics(policyOf('mail'))).toEqual([topicArn('orders'), topicArn('users')]);
    expect(admittedTopics(policyOf('mail-dlq'))).toEqual(['billing', 'orders', 'users'].map(topicArn));
  });
});
