import { awsError, FakePlanes } from '../../test/fake-planes.js';
import { buildTopology, type DeclaredHandler } from './build-topology.js';
import { provision } from './provision.js';
import { admittedTopics } from './queue-policy.js';
import { TopologyWatch } from './topology-watch.js';

const FOREIGN = 'arn:aws:sns:eu-west-1:111111111111:users-domain-events';
const OWNER = { service: 'notifications', prefix: 'dev-' };

const build = (...handlers: DeclaredHandler[]) =>
  buildTopology({
    ...OWNER,
    handlers,
    settingsOf: () => ({ visibilityTimeoutSeconds: 30, retentionSeconds: 60 }),
  });
const mail = (topic: string): DeclaredHandler => ({ pattern: 'user.registered', topic, queue: 'mail' });

describe('a topic that is named by its ARN', () => {
  it('keeps its name: it has no prefix', () => {
    expect(build(mail(FOREIGN))).toMatchObject({
      topics: [{ name: FOREIGN }],
      queues: [{ name: 'dev-mail', subscriptions: [{ topic: FOREIGN, types: ['user.registered'] }] }],
    });
  });

  it.each(['arn:aws:sns:eu-west-1:users', 'arn:aws:sqs:eu-west-1:111111111111:users', 'arn:'])(
    '%s is refused: it is no ARN of a topic',
    topic => expect(() => build(mail(topic))).toThrow(/expected the ARN of a topic/),
  );

  it('is subscribed to by create, let in by the queue, and never made', async () => {
    const fake = new FakePlanes();
    await provision(build(mail(FOREIGN)), fake.planes(), 'create', OWNER);
    expect([...fake.topics]).toEqual([]);
    expect([...fake.subscriptions.keys()]).toEqual([`${FOREIGN}:id-dev-mail`]);
    expect(admittedTopics(fake.queues.get('dev-mail')?.['Policy'])).toEqual([FOREIGN]);
  });

  it('is not looked at by verify, which may be denied; its subscription is', async () => {
    const fake = new FakePlanes();
    const topology = build(mail(FOREIGN));
    await provision(topology, fake.planes(), 'create', OWNER);
    fake.fault = operation => (operation === 'GetTopicAttributes' ? awsError('AuthorizationError') : undefined);
    await expect(provision(topology, fake.planes(), 'verify', OWNER)).resolves.toHaveLength(1);
    fake.subscriptions.clear();
    await expect(provision(topology, fake.planes(), 'verify', OWNER)).rejects.toThrow(
      `subscription of dev-mail to ${FOREIGN} is missing`,
    );
  });

  it('is subscribed to again when its subscription vanishes under a running server', async () => {
    const fake = new FakePlanes();
    const topology = build(mail(FOREIGN));
    const queues = await provision(topology, fake.planes(), 'create', OWNER);
    const watch = new TopologyWatch({ topology, queues, planes: fake.planes(), mode: 'create', owner: OWNER });
    fake.subscriptions.clear();
    await watch.look();
    expect([...fake.subscriptions.keys()]).toEqual([`${FOREIGN}:id-dev-mail`]);
    watch.stop();
  });
});
