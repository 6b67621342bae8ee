import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyInit, readInit } from './init.js';
import { startLocalBroker } from './local-broker.js';

describe('the init file', () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'init-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const file = (content: unknown): string => {
    const path = join(folder, 'init.json');
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };

  it('makes queues, topics and subscriptions', async () => {
    const arn = 'arn:aws:sqs:us-east-1:000000000000:q-dlq';
    const path = file({
      queues: [
        { name: 'q-dlq' },
        {
          name: 'q',
          attributes: { VisibilityTimeout: 5, RedrivePolicy: { deadLetterTargetArn: arn, maxReceiveCount: 2 } },
        },
      ],
      topics: [{ name: 't', subscriptions: [{ queue: 'q', attributes: { RawMessageDelivery: true } }] }],
    });
    const broker = await startLocalBroker();
    try {
      await applyInit(broker.endpoint, readInit(path));
      expect(broker.inspect.queues().map(({ name }) => name)).toEqual(['q-dlq', 'q']);
      expect(broker.inspect.subscriptions()).toMatchObject([
        { topicArn: 'arn:aws:sns:us-east-1:000000000000:t', attributes: { RawMessageDelivery: 'true' } },
      ]);
    } finally {
      await broker.stop();
    }
  });

  it('takes queues in any order, dead letter queues by name, and FIFO by the end of a name', async () => {
    const path = file({
      topics: [{ name: 't.fifo', subscriptions: [{ queue: 'q.fifo' }] }],
      queues: [
        { name: 'q.fifo', attributes: { RedrivePolicy: { deadLetterTargetArn: 'dead.fifo', maxReceiveCount: 2 } } },
        {
          name: 'dead.fifo',
          attributes: {
            RedriveAllowPolicy: {
              redrivePermission: 'byQueue',
              sourceQueueArns: ['arn:aws:sqs:us-east-1:000000000000:q.fifo'],
            },
          },
        },
      ],
    });
    const broker = await startLocalBroker();
    try {
      await applyInit(broker.endpoint, readInit(path));
      await applyInit(broker.endpoint, readInit(path));
      expect(broker.inspect.queues().map(({ name }) => name)).toEqual(['q.fifo', 'dead.fifo']);
      expect(broker.inspect.subscriptions()).toHaveLength(1);
      expect(broker.inspect.calls()['sqs.SetQueueAttributes']).toBe(5);
    } finally {
      await broker.stop();
    }
  });

  it('leaves what is there as it is', async () => {
    const broker = await startLocalBroker();
    try {
      await applyInit(broker.endpoint, readInit(file({ queues: [{ name: 'q', attributes: { DelaySeconds: 5 } }] })));
      await applyInit(broker.endpoint, readInit(file({ queues: [{ name: 'q', attributes: { DelaySeconds: 9 } }] })));
      expect(broker.inspect.queues()).toHaveLength(1);
    } finally {
      await broker.stop();
    }
  });

  it('lets in the topics that a queue is subscribed to, unless the queue says who is let in', async () => {
    const nobody = { Policy: { Version: '2012-10-17', Statement: [] } };
    const subscriptions = [{ queue: 'open' }, { queue: 'closed' }];
    const path = file({
      queues: [{ name: 'open' }, { name: 'closed', attributes: nobody }],
      topics: [
        { name: 't', subscriptions },
        { name: 'u', subscriptions },
      ],
    });
    const broker = await startLocalBroker();
    try {
      await applyInit(broker.endpoint, readInit(path));
      for (const topic of broker.inspect.topics()) {
        const query = new URLSearchParams({ Action: 'Publish', TopicArn: topic, Message: 'x' });
        expect((await fetch(`${broker.endpoint}/?${query}`)).status).toBe(200);
      }
      expect(broker.inspect.queues().map(({ name, visible }) => [name, visible])).toEqual([
        ['open', 2],
        ['closed', 0],
      ]);
    } finally {
      await broker.stop();
    }
  });

  it('is refused for what AWS would refuse', async () => {
    const broker = await startLocalBroker();
    try {
      const init = readInit(file({ queues: [{ name: 'bad name' }] }));
      await expect(applyInit(broker.endpoint, init)).rejects.toThrow(/refuses.*alphanumeric/);
    } finally {
      await broker.stop();
    }
  });

  it.each([
    ['no JSON', '{'],
    ['a list', []],
    ['queues that are no list', { queues: {} }],
    ['a queue without a name', { queues: [{}] }],
    ['a subscription without a queue', { topics: [{ name: 't', subscriptions: [{}] }] }],
  ])('is refused with its path: %s', (_, content) => {
    const path = file(content);
    expect(() => readInit(path)).toThrow(path);
  });
});
