import { FakePlanes } from '../../test/fake-planes.js';
import { queueDocument } from '../../test/topology-documents.js';
import { createTopology } from './create-topology.js';
import { examineAccount } from './examine-account.js';
import type { ServiceDocument } from './topology-document.js';
import { topologyOf } from './topology-of.js';

/** The service `notifications` of one environment, whose queues are these use cases. */
const environment = (prefix: string, ...useCases: string[]): ServiceDocument => ({
  service: 'notifications',
  prefix,
  provisioning: 'create',
  formerly: [],
  inbox: 'none',
  queues: useCases.map(name => queueDocument({ name: `${prefix}${name}` })),
});

const orphansOf = async (fake: FakePlanes, document: ServiceDocument): Promise<string[]> => {
  const list = (prefix: string): Promise<string[]> =>
    Promise.resolve([...fake.queues.keys()].filter(name => name.startsWith(prefix)).map(name => `url/${name}`));
  return (await examineAccount(document, fake.planes(), list)).orphans;
};

async function accountOf(...environments: ServiceDocument[]): Promise<FakePlanes> {
  const fake = new FakePlanes();
  for (const document of environments) {
    const keeper = fake.keeper(fake.planes(), { prefix: document.prefix });
    await createTopology(topologyOf(document), fake.planes(), keeper);
  }
  return fake;
}

describe('orphans of a service', () => {
  it.each(['', 'dev-', 'dev-blue-'])('are queues of its own environment only: prefix %p', async prefix => {
    const others = ['', 'dev-', 'dev-blue-', 'dev-green-'].filter(other => other !== prefix);
    const fake = await accountOf(
      environment(prefix, 'mail', 'audit'),
      ...others.map(other => environment(other, 'mail', 'sms')),
    );
    const orphans = await orphansOf(fake, environment(prefix, 'mail'));
    expect(orphans).toEqual([`${prefix}audit`, `${prefix}audit-dlq`]);
  });

  it('have a tag that says what they are for: of another queue nobody knows its environment', async () => {
    const fake = await accountOf(environment('', 'mail', 'audit'));
    delete fake.tags.get('audit')?.['nestjs-sns-sqs:use-case'];
    expect(await orphansOf(fake, environment('', 'mail'))).toEqual([]);
  });
});
