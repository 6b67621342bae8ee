import { FIFO_QUEUE, queueName } from './lib/message.mjs';

const OWN = { key: 'own', label: 'nestjs-sns-sqs', module: 'contestants/own.mjs', name: 'overSdk' };
const LEAN = { key: 'lean', label: "nestjs-sns-sqs, `wire: 'lean'`", module: 'contestants/own.mjs', name: 'overLean' };
const INBOX = {
  key: 'inbox',
  label: 'the same with its inbox, in memory',
  module: 'contestants/own.mjs',
  name: 'withInbox',
};
const TRACED = {
  key: 'traced',
  label: 'the same with traces, to no exporter',
  module: 'contestants/own-telemetry.mjs',
  name: 'traced',
};
const MEASURED = {
  key: 'measured',
  label: 'the same with metrics for Prometheus',
  module: 'contestants/own-telemetry.mjs',
  name: 'measured',
};
const RAW = {
  key: 'raw',
  label: 'raw HTTP: signed beforehand, answers thrown away',
  module: 'contestants/raw.mjs',
};
const BY_HAND = {
  key: 'by-hand',
  label: 'a loop by hand over raw HTTP: reads, checks sums, signs',
  module: 'contestants/raw.mjs',
  name: 'byHand',
};
const BATCH = {
  key: 'batch',
  label: 'nestjs-sns-sqs, batches of 500',
  module: 'contestants/own.mjs',
  name: 'inBatches',
};
const LEAN_BATCH = {
  key: 'lean-batch',
  label: "nestjs-sns-sqs, batches of 500, `wire: 'lean'`",
  module: 'contestants/own.mjs',
  name: 'inLeanBatches',
};
const CONTRACT = {
  key: 'contract',
  label: 'nestjs-sns-sqs, with a contract and its schema',
  module: 'contestants/own-contract.mjs',
  name: 'withContract',
};
const LOOP = { key: 'loop', label: 'AWS SDK, loop by hand', module: 'contestants/sdk-loop.mjs' };
const SQS_CONSUMER = { key: 'sqs-consumer', label: 'sqs-consumer 15', module: 'rivals/sqs-consumer.mjs' };
const SQUISS = { key: 'squiss-ts', label: 'squiss-ts 5', module: 'rivals/squiss-ts.mjs' };
const SSUT = { key: 'ssut', label: '@ssut/nestjs-sqs 3', module: 'rivals/ssut-nestjs-sqs.mjs' };
const TRANSPORTER = {
  key: 'transporter',
  label: 'nestjs-sqs-transporter 0.4',
  module: 'rivals/nestjs-sqs-transporter.mjs',
};

export const RIVALS = [SQS_CONSUMER, SQUISS, SSUT, TRANSPORTER];
export const CONTESTANTS = [OWN, LEAN, LOOP, ...RIVALS];
const PUBLISHERS = [OWN, LEAN, LOOP, SQUISS, SSUT, TRANSPORTER];
/** Where the point is not the rivals' speed: the most used of them is enough. */
const FEW = [OWN, LEAN, LOOP, SQS_CONSUMER];

const ONE_QUEUE = [queueName(0)];
const onStub = { server: 'stub', latencyMs: 10, queues: ONE_QUEUE, contestants: CONTESTANTS };

const publishing = (key, title, more) => ({
  ...onStub,
  key: `publish-${key}`,
  title: `Publish, ${title}`,
  kind: 'publish',
  contestants: [OWN, LEAN, LOOP],
  warmMs: 300,
  measureMs: 1_000,
  ...more,
});

const inTurns = {
  ...onStub,
  kind: 'turns',
  execArgv: ['--min-semi-space-size=16', '--no-flush-bytecode'],
  handler: 'noop',
  slots: 1_000,
  // With the uncounted messages 216,000 each, in both tables: so long V8 goes on compiling.
  warmTurns: 36,
  messages: 3_000,
  // Before them, uncounted: what the turns of others have undone in V8's code is done again. Metrics subscribe to
  // channels for their turns, and Node gives a channel another prototype then, so that V8 compiles what asks it again.
  rampMessages: 3_000,
  timeLimitMs: 600_000,
};

/** Messages arrive one by one, at a share of what the slots allow: how long until the handler begins. */
const underLoad = (key, share, perSecond) => ({
  ...onStub,
  key: `load-${key}`,
  title: `${share} of the slots' bound: ${perSecond.toLocaleString('en-US')} messages/s arrive one by one, handlers of 50 ms, 100 slots`,
  kind: 'flow',
  contestants: [...FEW, SQUISS],
  handler: 'even',
  slots: 100,
  perSecond,
  warmMs: 1_000,
  measureMs: 2_000,
});

/**
 * What is measured. `kind` says how (lib/measure.mjs); `handler` what a handler does; times in milliseconds.
 * `bound` is what the slots allow at most, in messages/s, for a server that never lets one stand idle.
 */
export const SCENARIOS = [
  {
    ...onStub,
    key: 'even',
    title: 'Even load: handlers of 50 ms, 100 slots',
    kind: 'window',
    handler: 'even',
    slots: 100,
    supply: {},
    warmMs: 800,
    measureMs: 2_000,
    bound: 2_000,
  },
  {
    ...onStub,
    key: 'tail',
    title: 'Tail: handlers of 20 ms, every 20th of 1 s, 100 slots',
    kind: 'window',
    handler: 'tail',
    slots: 100,
    supply: {},
    warmMs: 1_500,
    measureMs: 2_500,
    bound: 1_450,
  },
  {
    ...onStub,
    key: 'noop',
    // Slots enough for the CPU to be the bound, for each of them.
    title: 'No-op handlers, 1,000 slots, for 9 to 12 s and until 100,000 messages if there are as many',
    kind: 'count',
    contestants: [OWN, LEAN, LOOP, ...RIVALS],
    handler: 'noop',
    slots: 1_000,
    supply: {},
    // As long for the quick ones: they too are compiled in their first second.
    warmCount: 10_000,
    warmMs: 1_000,
    measureCount: 90_000,
    leastMs: 8_000,
    mostMs: 10_500,
  },
  {
    ...inTurns,
    key: 'turns',
    title: 'No-op handlers, 1,000 slots: in turns of 3,000 messages, in one process',
    // Over the lean wire, whose own part is smaller and varies less: what is added is the same over both.
    contestants: [LEAN, INBOX, TRACED, MEASURED],
    turns: 60,
  },
  {
    ...inTurns,
    key: 'limit',
    title: 'The lean wire beside raw HTTP: no-op handlers, 1,000 slots, in turns of 20,000 messages, in one process',
    // Without telemetry and the inbox beside them, which V8 would compile into the code that they share.
    contestants: [LEAN, BY_HAND, RAW],
    // Long, since it is the rate that counts: a turn begins with few receives under way.
    messages: 20_000,
    rampMessages: 4_000,
    warmTurns: 9,
    turns: 15,
  },
  {
    ...onStub,
    key: 'bulk',
    title: 'Bulk inserts: a call of the handler takes 5 ms, whether for one message or for 500; 10 slots',
    kind: 'window',
    contestants: [OWN, LEAN, BATCH, LEAN_BATCH],
    handler: 'insert',
    slots: 10,
    supply: {},
    warmMs: 2_000,
    measureMs: 3_000,
  },
  {
    ...onStub,
    key: 'fifo',
    title: 'FIFO, 100 groups: handlers of 1 to 9 ms, 100 slots',
    kind: 'window',
    handler: 'jitter',
    slots: 100,
    queues: [FIFO_QUEUE],
    supply: { groups: 100 },
    warmMs: 500,
    measureMs: 1_500,
  },
  {
    ...onStub,
    key: 'flow',
    title: '500 messages/s arrive one by one: handlers of 20 ms, 100 slots',
    kind: 'flow',
    handler: 'short',
    slots: 100,
    perSecond: 500,
    warmMs: 500,
    measureMs: 1_500,
  },
  underLoad('half', 'Half', 1_000),
  underLoad('most', 'Nine tenths', 1_800),
  {
    ...onStub,
    key: 'lone',
    title: 'A lone message on an idle queue',
    kind: 'lone',
    handler: 'noop',
    slots: 10,
    warmCount: 5,
    measureCount: 40,
  },
  {
    ...onStub,
    key: 'idle',
    title: '200 idle queues, of which one gets a message now and then',
    kind: 'idle',
    contestants: FEW,
    handler: 'noop',
    slots: 2_000,
    queues: Array.from({ length: 200 }, (_, index) => queueName(index)),
    warmMs: 1_500,
    measureMs: 2_500,
  },
  {
    ...onStub,
    key: 'publish-one',
    title: 'Publish, one after the other',
    kind: 'publish',
    contestants: PUBLISHERS,
    producers: 1,
    warmMs: 300,
    measureMs: 1_000,
  },
  {
    ...onStub,
    key: 'publish-many',
    title: 'Publish, 500 at a time',
    kind: 'publish',
    contestants: [...PUBLISHERS, RAW],
    producers: 500,
    // As the no-op handlers: the code of each is compiled after 20,000 messages or so.
    warmMs: 1_500,
    measureMs: 6_000,
  },
  ...[10, 100, 1_000].map(producers => publishing(`${producers}-callers`, `${producers} at a time`, { producers })),
  publishing('contract', '500 at a time, with and without a contract', {
    contestants: [OWN, CONTRACT],
    producers: 500,
  }),
  ...[
    ['4kb', '4 KB', 4_000],
    ['100kb', '100 KB', 100_000],
    ['250kb', '250 KB', 250_000],
  ].map(([key, size, bytes]) =>
    publishing(key, `100 at a time, ${size} each`, { producers: 100, bytes, watchesLoop: bytes > 4_000 }),
  ),
  ...[
    ['one-group', 'FIFO, one group', 1],
    ['100-groups', 'FIFO, 100 groups', 100],
    ['group-each', 'FIFO, a group each', 500],
  ].map(([key, title, groups]) =>
    publishing(key, `500 at a time, ${title}`, { producers: 500, groups, queues: [FIFO_QUEUE] }),
  ),
  ...[
    ['4kb', '4 KB', 4_000],
    ['100kb', '100 KB', 100_000],
    ['250kb', '250 KB', 250_000],
  ].map(([key, size, bytes]) => ({
    ...onStub,
    key: `receive-${key}`,
    title: `Receive, messages of ${size}, no-op handlers, 100 slots`,
    kind: 'window',
    contestants: [OWN, LEAN, LOOP],
    handler: 'noop',
    slots: 100,
    supply: { bytes },
    warmMs: 500,
    measureMs: 1_500,
    watchesLoop: bytes > 4_000,
  })),
  {
    ...onStub,
    key: 'dead-letters',
    title: 'Every message is dead-lettered: 100 slots',
    kind: 'window',
    contestants: [OWN, LEAN],
    handler: 'refused',
    slots: 100,
    supply: {},
    warmMs: 500,
    measureMs: 1_500,
  },
  {
    ...onStub,
    key: 'broker',
    title: 'On the embedded broker: 5,000 messages, no-op handlers, 100 slots',
    server: 'broker',
    kind: 'drain',
    contestants: FEW,
    handler: 'noop',
    slots: 100,
    supply: { count: 5_000 },
    warmCount: 500,
    measureCount: 4_500,
  },
  {
    ...onStub,
    key: 'broker-fifo',
    title: 'On the embedded broker: FIFO, 5,000 messages of 100 groups, handlers of 1 to 9 ms, 100 slots',
    server: 'broker',
    kind: 'drain',
    contestants: FEW,
    handler: 'jitter',
    slots: 100,
    queues: [FIFO_QUEUE],
    supply: { count: 5_000, groups: 100 },
    warmCount: 500,
    measureCount: 4_000,
  },
];
