import { jest } from '@jest/globals';
import type { MessageHandler } from '@nestjs/microservices';
import type { SqsMessage, SqsWire } from '../interfaces/wire.interface.js';
import { resolveServerOptions } from '../options/server-options.js';
import type { ServerSQSOptions } from '../interfaces/options.interface.js';
import type { ServerAws } from './server-aws.js';
import { startConsumers } from './start-consumers.js';

const handler: MessageHandler = () => Promise.resolve();
const declare = (pattern: string, queue: string) => ({ pattern, handler, extras: { queue } });

/** Starts over queues that exist; `answers` is what the probe of each brings. */
function startOver(
  options: Partial<ServerSQSOptions>,
  handlers = [declare('a', 'one'), declare('b', 'two')],
  answers: Record<string, () => Promise<SqsMessage[]>> = {},
) {
  const receive = jest.fn<SqsWire['receive']>(({ queueUrl }) => answers[queueUrl]?.() ?? Promise.resolve([]));
  const changeVisibilityBatch = jest.fn<SqsWire['changeVisibilityBatch']>((_, entries) =>
    Promise.resolve({ successful: entries.map(({ id }) => ({ id })), failed: [] }),
  );
  const getQueueUrl = jest.fn((name: string) => Promise.resolve<string | undefined>(`url/${name}`));
  const listQueueTags = () => Promise.resolve({});
  const tagQueue = () => Promise.resolve();
  const started = startConsumers({
    options: resolveServerOptions({ service: 'users', prefix: 'dev-', provisioning: 'off', ...options }),
    handlers,
    aws: {
      wire: { receive, changeVisibilityBatch },
      sqsControlPlane: { getQueueUrl, listQueueTags, tagQueue },
    } as unknown as ServerAws,
    logger: { log: jest.fn(), warn: jest.fn(), error: jest.fn() },
    signal: new AbortController().signal,
    hooks: (_, work) => work(),
    onFault: () => undefined,
    onRecovery: () => undefined,
  });
  return { started, receive, changeVisibilityBatch, getQueueUrl };
}

describe('startConsumers', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('makes one consumer for each queue, and proves that each can be received from', async () => {
    const { started, receive } = startOver({}, [declare('a', 'one'), declare('b', 'one'), declare('a', 'two')]);
    expect((await started).consumers).toHaveLength(2);
    expect(receive.mock.calls.map(([{ queueUrl, waitTimeSeconds }]) => [queueUrl, waitTimeSeconds])).toEqual([
      ['url/dev-one', 0],
      ['url/dev-two', 0],
    ]);
  });

  it('gives each queue its own settings, by its name without prefix', async () => {
    const { started, receive } = startOver({
      consumer: { concurrency: 4 },
      queues: { two: { concurrency: 2, visibilityTimeoutSeconds: 77 } },
    });
    await started;
    expect(receive.mock.calls.map(([request]) => [request.maxMessages, request.visibilityTimeoutSeconds])).toEqual([
      [4, 30],
      [2, 77],
    ]);
  });

  it('refuses settings for a queue that no handler names, before it calls AWS', async () => {
    const { started, getQueueUrl } = startOver({ queues: { onee: {}, two: {} } });
    await expect(started).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringMatching(/names onee,.*are one, two\./) as string,
      facts: { unknown: ['onee'] },
    });
    expect(getQueueUrl).not.toHaveBeenCalled();
  });

  it('refuses two handlers of one queue and pattern, before it calls AWS', async () => {
    const { started, getQueueUrl } = startOver({}, [declare('a', 'one'), declare('a', 'one')]);
    await expect(started).rejects.toMatchObject({ code: 'DUPLICATE_HANDLER' });
    expect(getQueueUrl).not.toHaveBeenCalled();
  });

  it('gives back what other probes received when one may not receive', async () => {
    const { started, changeVisibilityBatch } = startOver({}, undefined, {
      'url/dev-one': () => Promise.resolve([{ MessageId: 'm', ReceiptHandle: 'h' }]),
      'url/dev-two': () => Promise.reject(Object.assign(new Error('no'), { name: 'AccessDenied' })),
    });
    const [outcome] = await Promise.all([Promise.allSettled([started]), jest.advanceTimersByTimeAsync(3_000)]);
    expect(outcome).toMatchObject([{ reason: { code: 'ACCESS_DENIED', facts: { resource: 'dev-two' } } }]);
    expect(changeVisibilityBatch.mock.calls).toEqual([
      ['url/dev-one', [{ id: '0', receiptHandle: 'h', visibilityTimeoutSeconds: 0 }]],
    ]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
