import type { HandlerOptions } from '../interfaces/handler-options.interface.js';
import type { FullName } from '../interfaces/names.interface.js';
import { handlerExtras } from './handler-extras.js';

const on = (pattern: string, extras: HandlerOptions, { queue = 'q', isEventHandler = true } = {}) => ({
  pattern,
  queue: queue as FullName,
  extras,
  handler: { isEventHandler },
});

describe('handlerExtras', () => {
  it('gives each queue what its handlers say, together', () => {
    const isPermanent = (): boolean => true;
    const extras = handlerExtras([
      on('a', { concurrency: 3, isPermanent }),
      on('b', { maxReceiveCount: 2, concurrency: 3, laneBy: undefined }),
      on('c', {}, { queue: 'other' }),
    ]);
    expect(Object.fromEntries(extras)).toEqual({
      q: { concurrency: 3, isPermanent, maxReceiveCount: 2 },
      other: {},
    });
  });

  it.each<[string, HandlerOptions, HandlerOptions]>([
    ['concurrency', { concurrency: 1 }, { concurrency: 2 }],
    ['backoff', { backoff: { factor: 2 } }, { backoff: { factor: 3 } }],
    ['rateLimit', { rateLimit: { messages: 1, perSeconds: 1 } }, { rateLimit: { messages: 2, perSeconds: 1 } }],
    ['isPermanent', { isPermanent: () => true }, { isPermanent: () => true }],
    ['ordering', { ordering: 'latest' }, { ordering: 'sequential' }],
    ['batch', { batch: { size: 2, windowMs: 1 } }, { batch: { size: 3, windowMs: 1 } }],
    ['batch', { batch: { size: 2, windowMs: 1 } }, {}],
    ['batch', {}, { batch: { size: 2, windowMs: 1 } }],
  ])('refuses two handlers of one queue that differ in `%s`, with both names', (name, one, other) => {
    expect(() => handlerExtras([on('a', one), on('c', one), on('b', other)])).toThrow(
      expect.objectContaining({
        code: 'INVALID_HANDLER',
        message: expect.stringContaining(`a and b give q a different \`${name}\``) as string,
      }) as Error,
    );
    expect(() => handlerExtras([on('a', one), on('b', other, { queue: 'other' })])).not.toThrow();
  });

  it('takes equal values that are objects of their own', () => {
    expect(() =>
      handlerExtras([on('a', { backoff: { factor: 2 } }), on('b', { backoff: { factor: 2 } })]),
    ).not.toThrow();
  });

  it.each<[string, HandlerOptions, RegExp]>([
    ['a number out of range', { concurrency: 0 }, /a: the extra `concurrency`: /],
    ['a part that is none', { backoff: { first: 1 } as object }, /a: the extra `backoff`: .*"first"/],
    ['a batch without a window', { batch: { size: 10 } as never }, /a: the extra `batch\.windowMs`: /],
    [
      'a batch of one element class that is none',
      { batch: { size: 1, windowMs: 1, items: 'X' as never } },
      /batch\.items/,
    ],
    ['a rate without a time', { rateLimit: { messages: 1 } as never }, /a: the extra `rateLimit\.perSeconds`: /],
  ])('refuses %s', (_, extras, why) => {
    expect(() => handlerExtras([on('a', extras)])).toThrow(
      expect.objectContaining({ code: 'INVALID_HANDLER', message: expect.stringMatching(why) as string }) as Error,
    );
  });

  it('refuses an order on FIFO and a batch of requests, and names all problems at once', () => {
    const handlers = [
      on('a', { ordering: 'latest' }, { queue: 'q.fifo' }),
      on('r', { batch: { size: 2, windowMs: 1 } }, { queue: 'r.fifo', isEventHandler: false }),
    ];
    expect(() => handlerExtras(handlers)).toThrow(/`ordering` on q\.fifo.*\n- r: the extra `batch`: a request/);
  });

  it("leaves other libraries' extras alone", () => {
    expect(() => handlerExtras([on('a', { theirs: 1 } as HandlerOptions)])).not.toThrow();
  });
});
