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

  it("settles a queue's settings: its own, then its handlers' extras, then those of all queues", () => {
    const { settingsOf } = plan([onEvent('a', { queue: 'q', ordering: 'latest' }), onEvent('b', { queue: 'other' })], {
      consumer: { concurrency: 3, ordering: 'none' },
      queues: { q: { concurrency: 7 } },
    });

    expect(settingsOf('dev-q')).toMatchObject({ concurrency: 7, ordering: 'latest' });
    expect(settingsOf('dev-other')).toMatchObject({ concurrency: 3, ordering: 'none' });
  });

  it('lets the handlers of a queue drain its former names', () => {
    const { handlers } = plan([onEvent('a', { queue: 'q', formerly: ['old'] })]);

    expect(handlers.find('dev-old', 'a')).toBe(handler);
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
