import { outlastingExtras, outlastingOptions } from './outlast-retention.js';
import { consumerSettings, resolveServerOptions } from './server-options.js';

const DAY = 86_400;

describe('what would wait longer than its queue keeps it', () => {
  it('is refused, all in one error', () => {
    const options = {
      service: 'users',
      consumer: { retentionSeconds: DAY, retryLaterForSeconds: 2 * DAY, unknownTypeGraceSeconds: 3 * DAY },
      queues: { q: { ordering: 'sequential' as const, gapTimeoutMs: 4 * DAY * 1000 } },
    };
    expect(() => resolveServerOptions(options)).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTIONS',
        message: expect.stringMatching(
          /`retryLaterForSeconds` lets a message wait 172800 s, and the queue keeps it 86400 s.*`unknownTypeGraceSeconds`.*q: `gapTimeoutMs`/s,
        ) as string,
      }) as Error,
    );
  });

  it.each([
    [
      'many attempts with long delays',
      { maxReceiveCount: 1_000, backoff: { initialSeconds: 3_600, maxSeconds: 3_600 } },
      1,
    ],
    ['many attempts with short ones', { maxReceiveCount: 1_000, backoff: { initialSeconds: 0, maxSeconds: 1 } }, 0],
    ['the default attempts in a short life', { retentionSeconds: 60, maxReceiveCount: 5 }, 1],
    ['a gap that no order asks for', { retentionSeconds: 60, gapTimeoutMs: 120_000 }, 0],
    ['as long as it is kept', { ordering: 'sequential' as const, gapTimeoutMs: 14 * DAY * 1000 }, 0],
  ])('%s', (_, consumer, problems) => {
    expect(outlastingOptions({ consumer })).toHaveLength(problems);
  });

  it('is told once where it is wrong for all, and for a queue that keeps its messages longer not at all', () => {
    const consumer = { retentionSeconds: DAY, retryLaterForSeconds: 2 * DAY };
    expect(outlastingOptions({ consumer, queues: { q: { concurrency: 1 } } })).toHaveLength(1);
    expect(outlastingOptions({ queues: { q: { ...consumer, retentionSeconds: 3 * DAY } } })).toEqual([]);
  });

  it('is found in the extras of a handler, too', () => {
    const server = { queues: { q: { retentionSeconds: 60 } } };
    expect(outlastingExtras(server, 'q', { ordering: 'sequential', gapTimeoutMs: 61_000 })).toHaveLength(1);
    expect(outlastingExtras(server, 'other', { ordering: 'sequential', gapTimeoutMs: 61_000 })).toEqual([]);
  });

  it('is no matter of the defaults: they are shortened', () => {
    expect(outlastingOptions({ consumer: { retentionSeconds: 60, ordering: 'sequential' } })).toEqual([]);
    expect(consumerSettings({ consumer: { retentionSeconds: 60 } }, 'q')).toMatchObject({
      gapTimeoutMs: 60_000,
      retryLaterForSeconds: 60,
      unknownTypeGraceSeconds: 60,
    });
  });

  it.each([[{ consumer: 5 }], [{ queues: null }], [{ queues: { q: 'x' } }], [{ consumer: { backoff: 'x' } }]])(
    'does not stumble over %j',
    options => {
      expect(outlastingOptions(options as never)).toEqual([]);
    },
  );
});
