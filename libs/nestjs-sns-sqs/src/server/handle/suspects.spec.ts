import { jest } from '@jest/globals';
import { QueueTagReader } from '../../topology/queue-tag-reader.js';
import { Delivery } from '../delivery.js';
import { AttemptCounter } from './attempt-counter.js';
import { Suspects } from './suspects.js';

const backoff = { initialSeconds: 0, factor: 1, maxSeconds: 0 };
const received = (times: number, messageId = 'm') =>
  new Delivery({ MessageId: messageId, Attributes: { ApproximateReceiveCount: String(times) } }, 0, 0);

/** The tags of a queue, and processes that share them. */
function queueWithTags(maxReceiveCount = 5) {
  const tags: Record<string, string> = {};
  let wall = Date.UTC(2026, 0, 1);
  const plane = {
    listQueueTags: jest.fn((): Promise<Record<string, string>> => Promise.resolve({ ...tags })),
    tagQueue: jest.fn((_: string, more: Record<string, string>) => Promise.resolve(void Object.assign(tags, more))),
    untagQueue: jest.fn((_: string, keys: readonly string[]) =>
      Promise.resolve(keys.forEach(key => void delete tags[key])),
    ),
  };
  const warn = jest.fn();
  const startProcess = () =>
    new Suspects({
      queueUrl: 'url',
      queueName: 'q',
      maxReceiveCount,
      visibilityTimeoutSeconds: 30,
      attempts: new AttemptCounter({ fifo: true, rules: { maxReceiveCount, backoff } }),
      reader: new QueueTagReader({ readTags: plane.listQueueTags, readEveryMs: 0 }),
      tags: plane,
      logger: { warn },
      wallNow: () => wall,
    });
  const pass = (seconds: number) => void (wall += seconds * 1000);
  return { tags, plane, warn, startProcess, pass };
}

describe('Suspects', () => {
  it('lets a message kill no more processes than it may be tried', async () => {
    const { startProcess, pass } = queueWithTags();
    let deaths = 0;
    for (let receives = 1; receives < 20; receives += 1) {
      const suspects = startProcess();
      const delivery = received(receives);
      if (suspects.isSuspect(delivery) && (await suspects.begin(delivery)) === 'deadly') break;
      deaths += 1;
      pass(31);
    }
    expect(deaths).toBe(5);
  });

  it('tries what was only handed out often, however often', async () => {
    const { startProcess, tags } = queueWithTags();
    for (let receives = 5; receives < 40; receives += 1) {
      const suspects = startProcess();
      expect(suspects.isSuspect(received(receives))).toBe(true);
      expect(await suspects.begin(received(receives))).toBe('run');
      await suspects.end('m');
    }
    expect(tags).toEqual({});
  });

  it('suspects nothing that is received for the first times', () => {
    const suspects = queueWithTags().startProcess();
    expect([1, 2, 3, 4].map(times => suspects.isSuspect(received(times)))).toEqual([false, false, false, false]);
  });

  it('takes a duplicate of what another process has marked just now for no death', async () => {
    const { startProcess, pass } = queueWithTags();
    await startProcess().begin(received(5));
    pass(14);
    expect(await startProcess().begin(received(6))).toBe('run');
  });

  it('leaves room for tags of others, and forgets marks that are older than any message', async () => {
    const { startProcess, tags, pass } = queueWithTags();
    for (let at = 0; at < 25; at += 1) await startProcess().begin(received(9, String(at)));
    expect(Object.keys(tags)).toHaveLength(20);
    pass(15 * 86_400);
    expect(await startProcess().begin(received(9, 'later'))).toBe('run');
    expect(Object.keys(tags)).toEqual(['nestjs-sns-sqs:started:later']);
  });

  it('tries a message where the tags are out of reach, and says once what that costs', async () => {
    const { startProcess, plane, warn } = queueWithTags();
    plane.listQueueTags.mockRejectedValue(new Error('AccessDenied'));
    const suspects = startProcess();
    expect(await suspects.begin(received(9))).toBe('run');
    expect(await suspects.begin(received(9, 'n'))).toBe('run');
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('sqs:ListQueueTags'));
  });
});
