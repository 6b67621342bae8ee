import type { MessageHandler } from '@nestjs/microservices';
import type { SqsHandlerExtras } from '../interfaces/handler-extras.interface.js';
import type { ServerSQSOptions } from '../interfaces/options.interface.js';
import { resolveServerOptions } from '../options/server-options.js';
import { planConsumers } from './plan-consumers.js';

const handler: MessageHandler = () => Promise.resolve();
const onEvent = (pattern: string, extras: SqsHandlerExtras) => ({
  pattern,
  handler,
  extras: { topic: 't', ...extras },
});

const plan = (handlers: Parameters<typeof planConsumers>[0], options: Partial<ServerSQSOptions> = {}) =>
  planConsumers(handlers, resolveServerOptions({ service: 'users', prefix: 'dev-', ...options }));

describe('the plan of a server', () => {
  it('has the topology and the handlers, under full names, without a call', () => {
    const { topology, handlers, named } = plan([onEvent('a', { queue: 'q' }), { pattern: 'c', handler, extras: {} }]);

    expect(topology.queues.map(({ name }) => name)).toEqual(['dev-q', 'dev-users-async-commands.fifo']);
    expect(named.map(({ queue }) => queue)).toEqual(['dev-q', 'dev-users-async-commands.fifo']);
    expect(handlers.find('dev-q', 'a')).toBe(handler);
    expect(handlers.find('dev-q', 'c')).toBeUndefined();
  });

  it("settles a queue's settings: its handlers' decorators, then its own, then those of all queues", () => {
    const decorated = { concurrency: 9, ordering: 'latest', backoff: { factor: 3 } } as const;
    const { settingsOf } = plan([onEvent('a', { queue: 'q', ...decorated }), onEvent('b', { queue: 'other' })], {
      consumer: { concurrency: 3, ordering: 'none', backoff: { initialSeconds: 1, factor: 2 } },
      queues: { q: { concurrency: 7, waitTimeSeconds: 1, backoff: { maxSeconds: 60, factor: 4 } } },
    });

    expect(settingsOf('dev-q')).toMatchObject({
      concurrency: 9,
      waitTimeSeconds: 1,
      ordering: 'latest',
      backoff: { initialSeconds: 1, factor: 3, maxSeconds: 60 },
    });
    expect(settingsOf('dev-other')).toMatchObject({ concurrency: 3, ordering: 'none' });
  });

  it('lets the handlers of a queue drain its former names', () => {
    const { handlers } = plan([onEvent('a', { queue: 'q', formerly: ['old'] })]);

    expect(handlers.find('dev-old', 'a')).toBe(handler);
  });

  it.each<[string, SqsHandlerExtras, RegExp]>([
    [
      'keeps its messages for less than its lease',
      { retentionSeconds: 60, visibilityTimeoutSeconds: 90 },
      /longer than/,
    ],
    [
      'waits longer than the queue keeps it',
      { retentionSeconds: 60, retryLaterForSeconds: 90 },
      /the queue keeps it 60 s/,
    ],
    [
      'begins its backoff beyond its end',
      { backoff: { initialSeconds: 90, maxSeconds: 9 } },
      /backoff\.initialSeconds/,
    ],
  ])('refuses a decorator that %s', (_, extras, why) => {
    expect(() => plan([onEvent('a', { queue: 'q', ...extras })])).toThrow(why);
  });

  it('refuses a decorator whose long poll is longer than the timeout of the connection', () => {
    const aws = { requestHandler: { requestTimeout: 15_000 } };
    const short = { consumer: { waitTimeSeconds: 1 }, aws };
    expect(() => plan([onEvent('a', { queue: 'q', waitTimeSeconds: 20 })], short)).toThrow(/q: `aws\.requestHandler/);
    expect(() => plan([onEvent('a', { queue: 'q', waitTimeSeconds: 2 })], short)).not.toThrow();
  });

  it('refuses settings of a queue that no handler names, with the names that it knows', () => {
    expect(() => plan([onEvent('a', { queue: 'q' })], { queues: { p: { concurrency: 1 } } })).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTIONS',
        facts: { unknown: ['p'] },
        remedy: expect.stringMatching(/are q$/),
      }),
    );
  });
});
