import { documentWith } from '../../test/document-with.js';
import { FakePlanes } from '../../test/fake-planes.js';
import { createTopology } from './create-topology.js';
import { examineClients } from './examine-clients.js';
import type { TopologyDocument } from './topology-document.js';
import { topologyOf } from './topology-of.js';

const ACCOUNT = { region: 'eu-west-1', accountId: '123456789012' };
const EVENTS = { service: 'notifications', topic: 'notifications-domain-events', provisioning: 'verify' as const };
const QUEUE = { service: 'users', queue: 'users-async-commands.fifo', provisioning: 'create' as const };
const examine = async (fake: FakePlanes, document: TopologyDocument, account: { accountId?: string } = ACCOUNT) => {
  const found = await examineClients(document, fake.planes(), () =>
    Promise.resolve({ region: 'eu-west-1', accountId: account.accountId }),
  );
  expect(fake.calls).toEqual([]);
  return found.map(({ service, finding: { kind, text } }) => `${service} ${kind} ${text}`);
};

describe("what an app's clients need of the account", () => {
  it('is its own topic, which no handler names, and the queue that it sends to', async () => {
    const document = documentWith({ publishers: [EVENTS], senders: [QUEUE] });
    const fake = new FakePlanes();
    for (const service of document.services) await createTopology(topologyOf(service), fake.planes(), fake.keeper());
    fake.calls.length = 0;
    expect(await examine(fake, document, {})).toEqual([
      'notifications on-use queue users-async-commands.fifo is missing',
      'notifications missing topic notifications-domain-events is missing',
    ]);
    await fake.sns.createTopic(EVENTS.topic);
    fake.queues.set(QUEUE.queue, {});
    expect(await examine(fake, document, {})).toEqual([]);
  });

  it('is found for an app that only publishes, where the account is known', async () => {
    const document = { ...documentWith({ publishers: [EVENTS] }), services: [] };
    const fake = new FakePlanes();
    expect(await examine(fake, document)).toEqual([
      'notifications missing topic notifications-domain-events is missing',
    ]);
    expect(await examine(fake, document, {})).toEqual([]);
    expect(fake.warnings).toEqual([expect.stringContaining('AWS_ACCOUNT_ID')]);
  });

  it("does not look at another team's, which the client names by ARN or URL", async () => {
    const fake = new FakePlanes();
    fake.fault = () => new Error('nothing is called');
    const publishers = [{ ...EVENTS, topicArn: 'arn:aws:sns:eu-west-1:999999999999:theirs' }];
    const senders = [{ ...QUEUE, queueUrl: 'https://sqs/9/theirs' }];
    expect(await examine(fake, documentWith({ publishers, senders }))).toEqual([]);
  });
});
