import type { ServerSQSOptions } from '../interfaces/options.interface.js';
import type { SteeringStore } from '../interfaces/steering-store.interface.js';
import { MemoryInboxStore } from '../inbox/memory-inbox-store.js';
import { conflictingExtras, conflictingOptions } from './conflicting-options.js';
import { resolveServerOptions } from './server-options.js';

type Options = Partial<ServerSQSOptions>;

const deserializer = { deserialize: () => ({ pattern: 'a', data: 1 }) };
const inboxKey = () => 'k';
const HOURS = 3_600_000;
const inQueue = (consumer: NonNullable<Options['consumer']>): Options => ({ queues: { q: consumer } });
const handlerWith = (requestHandler: object): Options => ({ aws: { requestHandler } });

const CLIENTS = { sqs: { send: () => undefined }, sns: { send: () => undefined } } as unknown as Required<
  Pick<Options, 'sqs' | 'sns'>
>;

const store = new MemoryInboxStore();
/** A store that processes share their steering by. */
const steeringStore = Object.assign(new MemoryInboxStore(), { steering: {} as SteeringStore });

/** What is refused, why, and the same with one of the two changed. */
const PAIRS: Array<[string, Options, RegExp, Options]> = [
  [
    'an order with a deserializer',
    { deserializer, consumer: { ordering: 'sequential' } },
    /^`ordering` with a `deserializer`/,
    { deserializer, consumer: { ordering: 'none' } },
  ],
  [
    "a queue's order with a deserializer",
    { deserializer, ...inQueue({ ordering: 'latest' }) },
    /^q: `ordering` with a `deserializer`/,
    inQueue({ ordering: 'latest' }),
  ],
  [
    'lanes with a deserializer',
    { deserializer, consumer: { laneBy: 'subject' } },
    /^`laneBy: 'subject'` with/,
    { deserializer, consumer: { laneBy: 'none' } },
  ],
  [
    "an order without the server's inbox",
    { inbox: false, consumer: { ordering: 'latest' } },
    /^`ordering` without an inbox/,
    { inbox: {}, consumer: { ordering: 'latest' } },
  ],
  [
    "an order without the queue's inbox",
    inQueue({ inbox: false, ordering: 'latest' }),
    /^q: `ordering` without an inbox/,
    inQueue({ inbox: true, ordering: 'latest' }),
  ],
  ['a key without an inbox', { inbox: false, consumer: { inboxKey } }, /^`inboxKey`/, { consumer: { inboxKey } }],
  [
    'an inbox that is not there',
    { inbox: false, ...inQueue({ inbox: true }) },
    /^q: `inbox: true`/,
    inQueue({ inbox: true }),
  ],
  [
    'a shared limit without a shared store',
    { inbox: { store }, ...inQueue({ rateLimit: { messages: 1, perSeconds: 1, shared: true } }) },
    /^q: `rateLimit\.shared` without a store/,
    { inbox: { store: steeringStore }, ...inQueue({ rateLimit: { messages: 1, perSeconds: 1, shared: true } }) },
  ],
  [
    'shared pauses without a shared store',
    { sharedPauses: true },
    /^`sharedPauses` without a store/,
    { sharedPauses: true, inbox: { store: steeringStore } },
  ],
  [
    'a share of slots that nobody shares',
    inQueue({ weight: 3 }),
    /^q: `weight` without the server's own `concurrency`/,
    { concurrency: 10, ...inQueue({ weight: 3 }) },
  ],
  [
    'a memory that is shorter than a lease',
    { inbox: { rememberForSeconds: 29 } },
    /^`inbox.rememberForSeconds` is shorter/,
    { inbox: { rememberForSeconds: 30 } },
  ],
  [
    'a memory that is shorter than the lease of one queue',
    { inbox: { rememberForSeconds: 60 }, ...inQueue({ visibilityTimeoutSeconds: 61 }) },
    /^q: `inbox.rememberForSeconds`/,
    { inbox: { rememberForSeconds: 60 }, ...inQueue({ visibilityTimeoutSeconds: 61, inbox: false }) },
  ],
  [
    'a lease that outlasts the message',
    { retentionSeconds: 60, consumer: { visibilityTimeoutSeconds: 61 } },
    /^`visibilityTimeoutSeconds` is longer/,
    { retentionSeconds: 61, consumer: { visibilityTimeoutSeconds: 61 } },
  ],
  [
    'a handler that outlasts the message',
    inQueue({ retentionSeconds: 60, handlerTimeoutMs: 60_001 }),
    /^q: `handlerTimeoutMs` is longer/,
    inQueue({ retentionSeconds: 60 }),
  ],
  [
    'a handler that outlasts the longest lease',
    { consumer: { handlerTimeoutMs: 12 * HOURS } },
    /^`handlerTimeoutMs` and `visibilityTimeoutSeconds` are more than 12 h/,
    { consumer: { handlerTimeoutMs: 12 * HOURS - 30_000 } },
  ],
  [
    'a first delay that is longer than all',
    { consumer: { backoff: { initialSeconds: 10 } }, ...inQueue({ backoff: { maxSeconds: 9 } }) },
    /^q: `backoff.initialSeconds` is longer/,
    inQueue({ backoff: { maxSeconds: 1 } }),
  ],
  [
    'a socket that is given up while a poll is silent',
    handlerWith({ socketTimeout: 20_000 }),
    /^`aws.requestHandler.socketTimeout` \(20000 ms\) is no longer than `waitTimeSeconds` \(20 s\)/,
    { ...handlerWith({ socketTimeout: 20_000 }), consumer: { waitTimeSeconds: 19 } },
  ],
  [
    'a request that is given up while the poll of one queue is silent',
    {
      ...handlerWith({ requestTimeout: 5_000 }),
      consumer: { waitTimeSeconds: 1 },
      ...inQueue({ waitTimeSeconds: 10 }),
    },
    /^`aws.requestHandler.requestTimeout` .*\(10 s\)/,
    handlerWith({ requestTimeout: 0 }),
  ],
  [
    'a client of its own and what would make one',
    { aws: {}, ...CLIENTS },
    /^`aws` beside `sqs` and `sns`/,
    { aws: {}, sqs: CLIENTS.sqs },
  ],
  ...(
    [
      ['gapTimeoutMs', 1_000, 'q.fifo', 'q'],
      ['onGapTimeout', 'wait', 'q.fifo', 'q'],
      ['startAt', 1, 'q.fifo', 'q'],
      ['onInvalidSequence', 'proceed', 'q.fifo', 'q'],
      ['laneBy', 'none', 'q.fifo', 'q'],
      ['onGroupFailure', 'block', 'q', 'q.fifo'],
    ] as const
  ).map(([name, value, wrong, right]): (typeof PAIRS)[number] => [
    `${name} on ${wrong}`,
    { queues: { [wrong]: { [name]: value } } },
    new RegExp(`^${wrong}: \`${name}\` does nothing there`),
    { queues: { [right]: { [name]: value } }, consumer: { [name]: value } },
  ]),
];

describe('options that go badly together', () => {
  it.each(PAIRS)('%s: refused at construction', (_, options, why) => {
    expect(conflictingOptions(options)).toEqual([expect.stringMatching(why)]);
    expect(() => resolveServerOptions({ service: 's', ...options })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS' }) as Error,
    );
  });

  it.each(PAIRS)('%s: not so with one of them changed', (_, __, ___, mended) => {
    expect(conflictingOptions(mended)).toEqual([]);
    expect(() => resolveServerOptions({ service: 's', ...mended })).not.toThrow();
  });

  it('what is wrong for all queues is said once', () => {
    const consumer = { ordering: 'latest' as const };
    expect(conflictingOptions({ inbox: false, consumer, queues: { q: { concurrency: 1 } } })).toHaveLength(1);
  });

  it("a handler's extras are looked at, too", () => {
    const extras = { ordering: 'sequential' as const };
    expect(conflictingExtras({ deserializer }, 'q', extras)).toEqual([expect.stringMatching(/^q: `ordering` with/)]);
    expect(conflictingExtras({ inbox: false }, 'q', extras)).toEqual([expect.stringMatching(/^q: `ordering` without/)]);
    expect(conflictingExtras({ inbox: false }, 'q', {})).toEqual([]);
    expect(conflictingExtras({ inbox: { store: new MemoryInboxStore() } }, 'q', extras)).toEqual([]);
  });

  it.each([
    ['gapTimeoutMs', 1_000],
    ['onGapTimeout', 'wait'],
    ['startAt', 1],
    ['onInvalidSequence', 'proceed'],
  ])("a queue's `%s`, once its handlers are known to ask for no order", (name, value) => {
    const why = [expect.stringMatching(`^q: \`${name}\` does nothing there: without`)];
    expect(conflictingExtras(inQueue({ [name]: value }), 'q', {})).toEqual(why);
    expect(conflictingExtras({}, 'q', { [name]: value })).toEqual(why);
    expect(conflictingExtras(inQueue({ [name]: value }), 'q', { ordering: 'sequential' })).toEqual([]);
    expect(conflictingExtras({ consumer: { ordering: 'sequential' } }, 'q', { [name]: value })).toEqual([]);
    // A default of every queue, which some of them use.
    expect(conflictingExtras({ consumer: { [name]: value } }, 'q', {})).toEqual([]);
  });

  it('a policy for sequences is read with every order', () => {
    const extras = { ordering: 'latest', onInvalidSequence: 'proceed' } as const;
    expect(conflictingExtras({}, 'q', extras)).toEqual([]);
    expect(conflictingExtras({}, 'q', { ...extras, startAt: 1 })).toHaveLength(1);
  });

  it.each(['httpAgent', 'httpsAgent', 'httpOptions'])('`aws.%s`, which the SDK ignores, is refused', name => {
    const aws = { [name]: {} } as NonNullable<Options['aws']>;
    expect(() => resolveServerOptions({ service: 's', aws })).toThrow(/belongs into `aws.requestHandler`/);
  });

  it.each([
    [{ consumer: 5 }],
    [{ queues: null }],
    [{ queues: { q: 'x' } }],
    [{ consumer: { backoff: 'x' } }],
    [{ inbox: 'x' }],
    [{ aws: { requestHandler: null } }],
    [{ aws: 'x' }],
  ])('%j makes nothing stumble', options => {
    expect(conflictingOptions(options as never)).toEqual([]);
  });
});
