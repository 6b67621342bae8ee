import { FakePlanes } from '../../test/fake-planes.js';
import type { KeyLook } from '../interfaces/control-plane.interface.js';
import { buildTopology } from './build-topology.js';
import { keyProblem, shutOutOfKey } from './key-policy.js';
import { provision } from './provision.js';

const OWNER = { service: 'notifications', prefix: '' };
const ROOT = { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::1:root' }, Action: 'kms:*', Resource: '*' };
const sns = (Action: unknown, Principal: unknown = { Service: 'sns.amazonaws.com' }, Effect = 'Allow') => ({
  Effect,
  Principal,
  Action,
  Resource: '*',
});
const policy = (...Statement: object[]): string => JSON.stringify({ Version: '2012-10-17', Statement });
const BOTH = ['kms:GenerateDataKey', 'kms:Decrypt'];

describe("a key's policy", () => {
  it.each<[string, string, string[]]>([
    ['of the docs lets SNS in', policy(ROOT, sns(['kms:GenerateDataKey*', 'kms:Decrypt'])), []],
    ['may say it in two statements, in any case', policy(sns('kms:generatedatakey'), sns(['KMS:Decrypt'])), []],
    ['may allow everything', policy(sns('*')), []],
    ['may allow everybody', policy(sns('kms:*', '*')), []],
    ['may allow every principal of AWS', policy(sns('kms:*', { AWS: '*' })), []],
    ['may name several services', policy(sns('kms:*', { Service: ['events.amazonaws.com', 'sns.amazonaws.com'] })), []],
    ['of AWS by default does not', policy(ROOT), BOTH],
    ['for another service does not', policy(sns('kms:*', { Service: 'events.amazonaws.com' })), BOTH],
    ['that denies does not', policy(sns('kms:*', undefined, 'Deny')), BOTH],
    ['may lack one of two', policy(sns('kms:Decrypt')), ['kms:GenerateDataKey']],
    ['is no pattern: a dot is a dot', policy(sns('kms:Decryp.')), BOTH],
    ['of one statement needs no list', JSON.stringify({ Statement: sns('kms:*') }), []],
  ])('%s', (_, text, missing) => expect(shutOutOfKey(text)).toEqual(missing));

  it('is no help to a key that is disabled, and is not known to everybody', () => {
    expect(keyProblem({ isEnabled: false, policy: policy(sns('*')) })).toBe('is not enabled');
    expect(keyProblem({ isEnabled: true, policy: undefined })).toBeUndefined();
  });
});

describe('the start with create', () => {
  const start = async (look: () => Promise<KeyLook>, kmsKeyId?: string, isSubscribed = true) => {
    const fake = new FakePlanes();
    const looks: string[] = [];
    const keys = {
      look: (keyId: string) => {
        looks.push(keyId);
        return look();
      },
    };
    const topic = isSubscribed ? { topic: 'users' } : {};
    const topology = buildTopology({
      ...OWNER,
      handlers: [
        { pattern: 'a', queue: 'mail', ...topic },
        { pattern: 'b', queue: 'audit', ...topic },
      ],
      wishes: kmsKeyId === undefined ? undefined : { kmsKeyId },
      settingsOf: () => ({ visibilityTimeoutSeconds: 30, retentionSeconds: 60 }),
    });
    await provision(topology, { ...fake.planes(), keys }, 'create', OWNER);
    return { looks, warnings: fake.warnings };
  };
  const shut = () => Promise.resolve({ isEnabled: true, policy: policy(ROOT) });

  it('says once for each key that its policy keeps SNS out', async () => {
    const { looks, warnings } = await start(shut, 'alias/messages');
    expect(looks).toEqual(['alias/messages']);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^The key alias\/messages of \w+ has a policy that does not let sns\.amazonaws\.com call kms:GenerateDataKey and kms:Decrypt\. .*Remedy/,
      ),
    ]);
  });

  it('says nothing of a key that lets SNS in, or that it may not look at', async () => {
    const open = () => Promise.resolve({ isEnabled: true, policy: policy(sns('kms:*')) });
    expect((await start(open, 'alias/messages')).warnings).toEqual([]);
    const denied = () => Promise.reject(new Error('AccessDeniedException'));
    expect((await start(denied, 'alias/messages')).warnings).toEqual([]);
    const broken = () => Promise.resolve({ isEnabled: true, policy: 'no policy' });
    expect((await start(broken, 'alias/messages')).warnings).toEqual([]);
  });

  it("looks at no key where there is none of the team's, and none where no topic delivers", async () => {
    expect((await start(shut)).looks).toEqual([]);
    expect((await start(shut, 'alias/messages', false)).looks).toEqual([]);
    // AWS's own, whose policy nobody can change.
    expect((await start(shut, 'alias/aws/sqs')).looks).toEqual([]);
  });

  it('says which queue has a key of AWS, which lets no event in, unless a customer key takes its place', async () => {
    const fake = new FakePlanes();
    const topology = (kmsKeyId?: string) =>
      buildTopology({
        ...OWNER,
        handlers: [
          { pattern: 'a', queue: 'mail', topic: 'users' },
          { pattern: 'b', queue: 'jobs' },
        ],
        wishes: kmsKeyId === undefined ? undefined : { kmsKeyId },
        settingsOf: () => ({ visibilityTimeoutSeconds: 30, retentionSeconds: 60 }),
      });
    await provision(topology(), fake.planes(), 'create', OWNER);
    for (const queue of ['mail', 'jobs'])
      Object.assign(fake.queues.get(queue) ?? {}, { KmsMasterKeyId: 'alias/aws/sqs' });
    await provision(topology(), fake.planes(), 'create', OWNER);
    expect(fake.warnings).toEqual([expect.stringMatching(/^mail has the key alias\/aws\/sqs\. .*Remedy: .*kmsKeyId/)]);
    fake.logger.warn.mockClear();
    await provision(topology('alias/messages'), fake.planes(), 'create', OWNER);
    expect(fake.warnings.filter(text => text.includes('no event reaches'))).toEqual([]);
  });
});
