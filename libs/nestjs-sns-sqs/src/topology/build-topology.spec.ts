import { buildTopology, queueOfHandler, type DeclaredHandler } from './build-topology.js';

const settingsOf = () => ({ visibilityTimeoutSeconds: 30, retentionSeconds: 1_209_600 });
const build = (...handlers: DeclaredHandler[]) =>
  buildTopology({ service: 'notifications', prefix: 'dev-', handlers, settingsOf });
const onEvent = (pattern: string, queue: string, topic = 'users-domain-events'): DeclaredHandler => ({
  pattern,
  queue,
  topic,
});

describe('buildTopology', () => {
  it('gives each use case a queue with its dead letter queue, and each topic once', () => {
    const topology = build(onEvent('user.registered', 'a'), onEvent('user.registered', 'b'));
    expect(topology.topics).toEqual([{ name: 'dev-users-domain-events' }]);
    expect(topology.queues).toEqual([
      {
        name: 'dev-a',
        fifo: false,
        deadLetterQueue: 'dev-a-dlq',
        visibilityTimeoutSeconds: 30,
        retentionSeconds: 1_209_600,
        subscriptions: [{ topic: 'dev-users-domain-events', types: ['user.registered'] }],
        formerly: [],
      },
      expect.objectContaining({ name: 'dev-b' }),
    ]);
  });

  it('gathers the types of one queue into one subscription per topic', () => {
    const topology = build(onEvent('a', 'q'), onEvent('b', 'q'), onEvent('c', 'q', 'orders'));
    expect(topology.queues[0]?.subscriptions).toEqual([
      { topic: 'dev-users-domain-events', types: ['a', 'b'] },
      { topic: 'dev-orders', types: ['c'] },
    ]);
  });

  it("takes a handler without extras to the service's FIFO command queue", () => {
    const { queues, topics } = build({ pattern: 'send-welcome-email' });
    expect(topics).toEqual([]);
    expect(queues).toEqual([
      expect.objectContaining({
        name: 'dev-notifications-async-commands.fifo',
        deadLetterQueue: 'dev-notifications-async-commands-dlq.fifo',
        fifo: true,
        subscriptions: [],
      }),
    ]);
  });

  it('asks for settings by the full name', () => {
    const asked: string[] = [];
    buildTopology({
      service: 's',
      prefix: 'dev-',
      handlers: [onEvent('a', 'q')],
      settingsOf: queue => {
        asked.push(queue);
        return settingsOf();
      },
    });
    expect(asked).toEqual(['dev-q']);
  });

  it('refuses every unsound handler in one error', () => {
    expect(() =>
      build({ pattern: 'a', topic: 't' }, onEvent('b', 'q.fifo'), { pattern: '' }, { pattern: 'c', queue: '' }),
    ).toThrow(
      expect.objectContaining({
        code: 'INVALID_HANDLER',
        message: expect.stringMatching(
          /a: it names the topic t.*b: q\.fifo is FIFO.*empty pattern.*c: the extra `queue`/s,
        ) as string,
      }) as Error,
    );
  });

  it('refuses every name that AWS would refuse in one error', () => {
    expect(() => build(onEvent('a', 'bad name'), onEvent('b', 'x'.repeat(78), 'bad:topic'))).toThrow(
      expect.objectContaining({
        code: 'INVALID_NAME',
        message: expect.stringMatching(/bad:topic.*bad name.*xxx/) as string,
      }) as Error,
    );
  });
});

it("queueOfHandler names the handler's own queue, or its service's command queue", () => {
  const scope = { service: 'users', prefix: 'p-' };
  expect(queueOfHandler({ queue: 'q' }, scope)).toBe('p-q');
  expect(queueOfHandler({}, scope)).toBe('p-users-async-commands.fifo');
});
