import { MemoryInboxStore } from '../inbox/memory-inbox-store.js';
import type { ServerSQSOptions } from '../interfaces/options.interface.js';
import { isValidationRefusal } from '../errors/validation-refusal.js';
import { consumerSettings, resolveServerOptions } from './server-options.js';

describe('resolveServerOptions', () => {
  it('fills in what is left out', () => {
    expect(resolveServerOptions({ service: 'users' })).toEqual({
      service: 'users',
      prefix: '',
      provisioning: 'create',
      shutdownTimeoutMs: 20_000,
      startTimeoutMs: 30_000,
      inbox: { rememberForSeconds: 604_800, onUnavailable: 'wait' },
    });
  });

  it('keeps what is given', () => {
    const options: ServerSQSOptions = {
      service: 'users',
      prefix: 'dev-',
      provisioning: 'off',
      shutdownTimeoutMs: 0,
      startTimeoutMs: 1_000,
      queues: { q: { concurrency: 1 } },
      inbox: { store: new MemoryInboxStore(), rememberForSeconds: 60, onUnavailable: 'proceed' },
    };
    expect(resolveServerOptions(options)).toEqual(options);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['no service', { service: undefined }, /`service`/],
    ['a service with a dot', { service: 'my.service' }, /`service`: expected 1 to 50/],
    ['a prefix with a space', { prefix: 'a b' }, /`prefix`/],
    ['an unknown provisioning', { provisioning: 'maybe' }, /`provisioning`/],
    [
      'a visibility timeout beyond 12 h',
      { consumer: { visibilityTimeoutSeconds: 43_201 } },
      /visibilityTimeoutSeconds/,
    ],
    ['a long poll over 20 s', { consumer: { waitTimeSeconds: 21 } }, /`consumer\.waitTimeSeconds`/],
    ['half a message at a time', { queues: { q: { concurrency: 0.5 } } }, /`queues\.q\.concurrency`/],
    ['a backoff that shrinks', { consumer: { backoff: { factor: 0.5 } } }, /`consumer\.backoff\.factor`/],
    ['a store that is none', { inbox: { store: {} } }, /`inbox\.store`: .*claim\(\), renew\(\), done\(\)/],
    ['an inbox that is true', { inbox: true }, /`inbox`/],
    [
      'an inbox that is a store',
      { inbox: new MemoryInboxStore() },
      /^ServerSQS: `inbox`: .* write `inbox: \{ store \}`/,
    ],
    ['a memory of no time', { inbox: { rememberForSeconds: 0 } }, /`inbox\.rememberForSeconds`/],
    ['an unknown way without the inbox', { inbox: { onUnavailable: 'ignore' } }, /`inbox\.onUnavailable`/],
    ['an unknown order', { consumer: { ordering: 'newest' } }, /`consumer\.ordering`/],
    ['an order on FIFO', { queues: { 'q.fifo': { ordering: 'latest' } } }, /`queues\.q\.fifo\.ordering`: a FIFO queue/],
    ['a start below 0', { consumer: { startAt: -1 } }, /`consumer\.startAt`: .*whole number/],
    ['a gap timeout under a second', { consumer: { gapTimeoutMs: 999 } }, /`consumer\.gapTimeoutMs`/],
    ['a key that is no function', { consumer: { inboxKey: 'id' } }, /`consumer\.inboxKey`: expected a function/],
    ['a misspelt option', { concurency: 1 }, /`concurency` is not an option/],
    ['a deserializer that is none', { deserializer: {} }, /`deserializer`: .*deserialize\(\)/],
  ])('refuses %s', (_, options, why) => {
    expect(() => resolveServerOptions({ service: 's', ...options })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringMatching(why) as string }) as Error,
    );
  });
});

describe('consumerSettings', () => {
  it('has the documented defaults', () => {
    expect(consumerSettings({}, 'q')).toEqual({
      concurrency: 10,
      visibilityTimeoutSeconds: 30,
      waitTimeSeconds: 20,
      retentionSeconds: 1_209_600,
      maxReceiveCount: 5,
      handlerTimeoutMs: 300_000,
      laneBy: 'none',
      onGroupFailure: 'block',
      inbox: true,
      weight: 1,
      ordering: 'none',
      gapTimeoutMs: 300_000,
      onGapTimeout: 'dead-letter',
      onInvalidSequence: 'dead-letter',
      backoff: { initialSeconds: 2, factor: 8, maxSeconds: 1_800 },
      retryLaterForSeconds: 43_200,
      unknownTypeGraceSeconds: 900,
      isPermanent: isValidationRefusal,
    });
  });

  it("takes a queue's own settings before those for all queues, one by one", () => {
    const options = {
      consumer: { concurrency: 5, maxReceiveCount: 2, onGroupFailure: 'skip' },
      queues: { q: { concurrency: 1, waitTimeSeconds: 0 } },
    } as const;
    expect(consumerSettings(options, 'q')).toMatchObject({
      concurrency: 1,
      waitTimeSeconds: 0,
      maxReceiveCount: 2,
      onGroupFailure: 'skip',
    });
    expect(consumerSettings(options, 'another')).toMatchObject({ concurrency: 5, waitTimeSeconds: 20 });
  });

  it('takes from the server what holds for every queue, and from a queue what it says itself', () => {
    const isPermanent = () => true;
    const options = { isPermanent, unknownTypeGraceSeconds: 60, queues: { q: { unknownTypeGraceSeconds: 5 } } };
    expect(consumerSettings(options, 'q')).toMatchObject({ isPermanent, unknownTypeGraceSeconds: 5 });
    expect(consumerSettings(options, 'other')).toMatchObject({ isPermanent, unknownTypeGraceSeconds: 60 });
  });

  it('merges the parts of a backoff', () => {
    const options = { consumer: { backoff: { factor: 3, maxSeconds: 60 } }, queues: { q: { backoff: { factor: 1 } } } };
    expect(consumerSettings(options, 'q').backoff).toEqual({ initialSeconds: 2, factor: 1, maxSeconds: 60 });
  });
});
