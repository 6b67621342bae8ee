import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FakePlanes, queueArn, topicArn } from '../../../test/fake-planes.js';
import { documentWith, queueWith } from '../../../test/document-with.js';
import { createTopology } from '../../topology/create-topology.js';
import { topologyOf } from '../../topology/topology-of.js';
import type { QueueDocument, QueueSettingsDocument, TopologyDocument } from '../../topology/topology-document.js';
import { accountSymptoms } from './account-symptoms.js';
import { SYMPTOM_RULES, retryBudgetSeconds, symptomsOf } from './symptoms.js';

const withQueue = (given: Partial<QueueDocument>, service = {}): TopologyDocument =>
  documentWith({ queues: [queueWith(given)], ...service });
const withSettings = (given: Partial<QueueSettingsDocument>): TopologyDocument =>
  withQueue({ settings: { ...queueWith().settings, ...given } });
const rules = (document: TopologyDocument, isProduction = false): string[] =>
  symptomsOf(document, { isProduction }).map(({ rule }) => rule);

describe('what the app shows', () => {
  it('is nothing with the defaults and a shared inbox', () => expect(rules(documentWith({}), true)).toEqual([]));

  it('counts the time of all retries', () => {
    // 2, 16, 128 and 1,024 s, each shortened by a fifth at most.
    expect(retryBudgetSeconds(queueWith())).toBeCloseTo(1_170 * 0.8);
  });

  it.each<[string, TopologyDocument]>([
    ['retry-budget', withSettings({ backoff: { initialSeconds: 1, factor: 2, maxSeconds: 60 } })],
    ['retry-budget', withSettings({ maxReceiveCount: 1 })],
    ['short-retention', withQueue({ retentionSeconds: 3_600 })],
    ['visibility-after-crash', withQueue({ visibilityTimeoutSeconds: 3_600 })],
    ['short-lease', withQueue({ visibilityTimeoutSeconds: 2 })],
    ['order-of-one-process', withQueue({ ordering: 'latest' }, { inbox: 'memory' })],
    ['sequence-of-one-type', withQueue({ ordering: 'sequential' })],
    [
      'filter-near-limit',
      withQueue({ subscriptions: [{ topic: 'users', types: Array.from({ length: 140 }, (_, n) => `t${n}`) }] }),
    ],
    ['filter-not-exact', withQueue({ subscriptions: [{ topic: 'users', types: ['a.*.b'] }] })],
    [
      'event-on-command-queue',
      documentWith({
        queues: [
          queueWith({}),
          queueWith({
            name: 'notifications-async-commands.fifo',
            handlers: [{ pattern: 'user.registered', kind: 'command' }],
          }),
        ],
      }),
    ],
    [
      'event-on-command-queue',
      documentWith({
        queues: [
          queueWith({ name: 'notifications-async-commands.fifo', handlers: [{ pattern: 'user.*', kind: 'command' }] }),
        ],
        contracts: [{ service: 'users', events: [{ type: 'user.left' }], commands: [], requests: [] }],
      }),
    ],
  ])('%s', (rule, document) => expect(rules(document)).toEqual([rule]));

  it.each(['memory', 'none'] as const)('in production, an inbox of kind %s', inbox => {
    expect(rules(documentWith({ inbox }), true)).toEqual(['inbox-of-one-process']);
    expect(rules(documentWith({ inbox }), false)).toEqual([]);
  });

  it('a command that is no event is none', () => {
    const name = 'notifications-async-commands.fifo';
    expect(rules(documentWith({ queues: [queueWith({}), queueWith({ name })] }))).toEqual([]);
  });
});

describe('what the account shows', () => {
  /** An account as `create` makes it. */
  async function made(document = documentWith({})) {
    const fake = new FakePlanes();
    for (const service of document.services) await createTopology(topologyOf(service), fake.planes(), fake.keeper());
    fake.calls.length = 0;
    const urls = () => Promise.resolve([...fake.queues.keys()].map(name => `https://sqs/1/${name}`));
    const look = async () => {
      const symptoms = await accountSymptoms(document, fake.planes(), urls);
      expect(fake.calls).toEqual([]);
      return symptoms.map(({ rule }) => rule);
    };
    return { fake, look };
  }

  it('is nothing where create has made it', async () => expect(await (await made()).look()).toEqual([]));

  it.each<[string, (fake: FakePlanes) => void]>([
    ['topology-differs', fake => void fake.queues.delete('mail-dlq')],
    ['owner-differs', fake => void fake.tags.set('mail', { 'nestjs-sns-sqs:service': 'audit' })],
    [
      'early-net',
      ({ queues }) =>
        Object.assign(queues.get('mail') ?? {}, {
          RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn('mail-dlq'), maxReceiveCount: '3' }),
        }),
    ],
    [
      'short-lived-letters',
      ({ queues }) => Object.assign(queues.get('mail-dlq') ?? {}, { MessageRetentionPeriod: '345600' }),
    ],
    ['unusable-key', ({ queues }) => Object.assign(queues.get('mail') ?? {}, { KmsMasterKeyId: 'alias/aws/sqs' })],
    [
      'dead-letters-waiting',
      ({ queues }) => Object.assign(queues.get('mail-dlq') ?? {}, { ApproximateNumberOfMessages: '2' }),
    ],
    [
      'topic-near-limit',
      ({ topics }) => topics.set(topicArn('users-domain-events'), { SubscriptionsConfirmed: '195' }),
    ],
  ])('%s', async (rule, change) => {
    const { fake, look } = await made();
    change(fake);
    expect(await look()).toContain(rule);
  });

  it('key-shuts-sns-out: a key whose policy does not know SNS; one that cannot be looked at is no symptom', async () => {
    const { fake } = await made();
    Object.assign(fake.queues.get('mail') ?? {}, { KmsMasterKeyId: 'alias/messages' });
    const look = async (policy?: string): Promise<string[]> => {
      const keys = {
        look: () =>
          policy === undefined
            ? Promise.reject(new Error('not for you'))
            : Promise.resolve({ isEnabled: true, policy }),
      };
      const planes = { ...fake.planes(), keys };
      return (await accountSymptoms(documentWith({}), planes, () => Promise.resolve([]))).map(({ rule }) => rule);
    };
    expect(await look('{"Statement":[]}')).toEqual(['key-shuts-sns-out']);
    expect(await look()).toEqual([]);
    expect(fake.warnings).toEqual(['These credentials may not read the key alias/messages: not for you']);
  });

  it('unread-queue: a queue that a client has made for a misspelt service, or that is missing', async () => {
    const senders = ['user-async-commands.fifo', 'none.fifo'].map(queue => ({
      service: 'user',
      queue,
      provisioning: 'create' as const,
    }));
    const { fake, look } = await made(documentWith({ senders }));
    fake.queues.set('user-async-commands.fifo', {});
    expect(await look()).toEqual(['unread-queue', 'unread-queue']);
    fake.tags.set('user-async-commands.fifo', { 'nestjs-sns-sqs:last-consumed': '2026-11-29' });
    expect(await look()).toEqual(['unread-queue']);
  });

  it('permission-missing: a call that is denied is told once, and the rest is looked at', async () => {
    const { fake, look } = await made();
    Object.assign(fake.queues.get('mail-dlq') ?? {}, { ApproximateNumberOfMessages: '2' });
    fake.fault = operation =>
      operation === 'GetTopicAttributes' ? Object.assign(new Error('no'), { name: 'AccessDenied' }) : undefined;
    expect((await look()).toSorted()).toEqual(['dead-letters-waiting', 'permission-missing']);
  });
});

it('docs/doctor.md explains each rule, in order', () => {
  const page = readFileSync(join(process.cwd(), 'docs/doctor.md'), 'utf8');
  expect([...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, rule]) => rule)).toEqual([...SYMPTOM_RULES]);
});
