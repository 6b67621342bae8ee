import { jest } from '@jest/globals';
import type { ServerHealth } from './server/health.js';
import type { ServerSQS } from './server/server-sqs.js';
import { SnsSqsHealthIndicator } from './sns-sqs-health.indicator.js';

const UP: ServerHealth = { status: 'up', queues: {} };

function indicatorOf(health: ServerHealth = UP, stalled: string[] = []) {
  const deadLetters = jest.fn<ServerSQS['deadLetters']>(() => Promise.resolve({ orders: 2, mails: 0 }));
  const stalledQueues = jest.fn(() => stalled);
  const server = { health: () => health, stalledQueues, deadLetters };
  return { indicator: new SnsSqsHealthIndicator(server as unknown as ServerSQS), deadLetters, stalledQueues };
}

describe('isAlive', () => {
  it('is down only for a poll loop that stands still', () => {
    const down: ServerHealth = { ...UP, status: 'down', reason: 'The server is reconnecting' };
    expect(indicatorOf(down).indicator.isAlive('sqs')).toEqual({ sqs: { status: 'up' } });
    expect(indicatorOf(UP, ['orders']).indicator.isAlive('sqs')).toEqual({
      sqs: { status: 'down', stalled: ['orders'] },
    });
  });

  it('waits for much longer than a long poll, or as long as it is told', () => {
    const { indicator, stalledQueues } = indicatorOf();
    indicator.isAlive('sqs');
    indicator.isAlive('sqs', { stalledAfterMs: 5 });
    expect(stalledQueues.mock.calls).toEqual([[120_000], [5]]);
  });
});

describe('isReady', () => {
  it('tells which queue is down, and why', async () => {
    const counts = { inFlight: 0, running: 0, receives: 0, leases: 0, settlements: 0, overdue: 0 };
    const { indicator, deadLetters } = indicatorOf({
      status: 'down',
      queues: { orders: { ...counts, status: 'down', reason: 'access denied' }, mails: { ...counts, status: 'up' } },
      inbox: { status: 'down', reason: 'Redis is away' },
    });
    await expect(indicator.isReady('sqs')).resolves.toEqual({
      sqs: { status: 'down', queues: { orders: 'access denied' }, inbox: 'Redis is away' },
    });
    expect(deadLetters).not.toHaveBeenCalled();
  });

  it('counts dead letters once for many probes, and allows as many as it is told', async () => {
    const { indicator, deadLetters } = indicatorOf();
    await expect(indicator.isReady('sqs', { maxDeadLetters: 1 })).resolves.toEqual({
      sqs: { status: 'down', deadLetters: { orders: 2 } },
    });
    await expect(indicator.isReady('sqs', { maxDeadLetters: 2 })).resolves.toEqual({ sqs: { status: 'up' } });
    expect(deadLetters).toHaveBeenCalledTimes(1);
  });

  it('is ready although the letters cannot be counted, and says so', async () => {
    const { indicator, deadLetters } = indicatorOf();
    deadLetters.mockRejectedValue(new Error('AccessDenied'));
    await expect(indicator.isReady('sqs', { maxDeadLetters: 0 })).resolves.toEqual({
      sqs: { status: 'up', deadLetters: 'unknown: AccessDenied' },
    });
  });
});
