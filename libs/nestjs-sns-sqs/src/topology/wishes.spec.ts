import { FakePlanes } from '../../test/fake-planes.js';
import type { TopologyOptions } from '../interfaces/topology-options.interface.js';
import { resolveServerOptions } from '../options/server-options.js';
import { buildTopology } from './build-topology.js';
import { provision } from './provision.js';

const OWNER = { service: 'notifications', prefix: '' };
const KEY = 'alias/messages';

const build = (wishes?: TopologyOptions) =>
  buildTopology({
    ...OWNER,
    handlers: [{ pattern: 'a', topic: 'users', queue: 'mail' }],
    wishes,
    settingsOf: () => ({ visibilityTimeoutSeconds: 30, retentionSeconds: 60 }),
  });
const start = (fake: FakePlanes, mode: 'create' | 'verify', wishes?: TopologyOptions) =>
  provision(build(wishes), fake.planes(), mode, OWNER);

describe("a team's key", () => {
  it("encrypts a new queue and its dead letter queue, in place of SQS's own encryption", async () => {
    const fake = new FakePlanes();
    await start(fake, 'create', { kmsKeyId: KEY, kmsDataKeyReusePeriodSeconds: 600 });
    for (const name of ['mail', 'mail-dlq']) {
      expect(fake.queues.get(name)).toMatchObject({
        KmsMasterKeyId: KEY,
        KmsDataKeyReusePeriodSeconds: '600',
        SqsManagedSseEnabled: 'false',
      });
    }
    await expect(start(fake, 'verify', { kmsKeyId: KEY })).resolves.toHaveLength(1);
  });

  it('is given to queues that had none, and verify tells of these', async () => {
    const fake = new FakePlanes();
    await start(fake, 'create');
    await expect(start(fake, 'verify', { kmsKeyId: KEY })).rejects.toThrow(
      /mail: KmsMasterKeyId: wanted alias\/messages/,
    );
    await start(fake, 'create', { kmsKeyId: KEY });
    expect(fake.queues.get('mail')).toMatchObject({ KmsMasterKeyId: KEY, SqsManagedSseEnabled: 'false' });
    await start(fake, 'verify', { kmsKeyId: KEY });
  });

  it.each([{ kmsKeyId: KEY }, undefined])(
    'that a queue has already is not fought, wished for or not: %j',
    async wishes => {
      const fake = new FakePlanes();
      await start(fake, 'create');
      const found = { KmsMasterKeyId: 'alias/of-the-platform', SqsManagedSseEnabled: 'false' };
      for (const name of ['mail', 'mail-dlq']) Object.assign(fake.queues.get(name) ?? {}, found);
      await start(fake, 'verify', wishes);
      await start(fake, 'create', wishes);
      expect(fake.queues.get('mail')).toMatchObject(found);
    },
  );

  it('replaces a key of AWS, which SNS cannot use', async () => {
    const fake = new FakePlanes();
    await start(fake, 'create');
    Object.assign(fake.queues.get('mail') ?? {}, { KmsMasterKeyId: 'alias/aws/sqs', SqsManagedSseEnabled: 'false' });
    await start(fake, 'create', { kmsKeyId: KEY });
    expect(fake.queues.get('mail')).toMatchObject({ KmsMasterKeyId: KEY });
  });
});

describe("a team's tags", () => {
  it('are on each new queue, and are left alone afterwards', async () => {
    const fake = new FakePlanes();
    await start(fake, 'create', { tags: { team: 'mail' } });
    expect(fake.tags.get('mail')).toMatchObject({ team: 'mail', 'nestjs-sns-sqs:service': 'notifications' });
    expect(fake.tags.get('mail-dlq')).toEqual({ team: 'mail' });
    fake.tags.set('mail-dlq', { team: 'other' });
    await start(fake, 'create', { tags: { team: 'mail' } });
    expect(fake.tags.get('mail-dlq')).toEqual({ team: 'other' });
  });
});

it.each<[TopologyOptions, RegExp]>([
  [{ kmsKeyId: 'alias/aws/sqs' }, /SNS cannot use a key of AWS itself/],
  [{ kmsDataKeyReusePeriodSeconds: 300 }, /it needs `kmsKeyId`/],
  [{ kmsKeyId: KEY, kmsDataKeyReusePeriodSeconds: 10 }, /topology\.kmsDataKeyReusePeriodSeconds/],
  [{ tags: { 'nestjs-sns-sqs:service': 'x' } }, /this library's own/],
  [{ tags: Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`t${n}`, 'x'])) }, /at most 10 tags/],
])('%j is refused', (topology, message) => {
  expect(() => resolveServerOptions({ service: 'notifications', topology })).toThrow(message);
});
