// A backlog of one subject out of order, in virtual time on the broker's core: it is handled in order, in minutes, and no
// message is received more often than five times. One process with a store of its own, and three that share one.
import { Broker } from '#broker/core/broker.js';
import { SQS_OPERATIONS } from '#broker/core/sqs/operations.js';
import { Inbox } from '#lib/inbox/inbox.js';
import { MemoryInboxStore } from '#lib/inbox/memory-inbox-store.js';
import { StoreHealth } from '#lib/inbox/store-health.js';
import { consumerSettings } from '#lib/options/server-options.js';
import { HandlerRegistry } from '#lib/server/handle/handler-registry.js';
import { QueueConsumer } from '#lib/server/queue-consumer.js';
import { Slots } from '#lib/server/receive/slots.js';
import type { SqsContext } from '#lib/ctx-host/sqs.context.js';
import type { EventMetadata } from '#lib/interfaces/envelope.interface.js';
import { randomOf } from '../support/random.mjs';
import { FaultyStore } from './faulty-store.ts';
import { FaultyWire } from './faulty-wire.ts';
import { MemorySteering } from './memory-steering.ts';
import { VirtualTime } from './virtual-time.ts';

const CALL = { origin: 'http://local', gone: false, onGone: () => undefined, onUndelivered: () => undefined };
const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };
const LEASE_SECONDS = 30;

interface Backlog {
  events: number;
  arrange: (numbers: number[], random: () => number) => number[];
  processes: number;
  /** How long a handler runs, in milliseconds. */
  handlerMs: number;
  withinSeconds: number;
}

interface Result {
  seconds: number;
  mostReceives: number;
  meanReceives: number;
  handled: number[];
}

const reversed: Backlog['arrange'] = numbers => numbers.toReversed();
const shuffled: Backlog['arrange'] = (numbers, random) =>
  numbers
    .map(number => ({ number, rank: random() }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ number }) => number);

async function run({ events, arrange, processes, handlerMs, withinSeconds }: Backlog): Promise<Result> {
  const time = new VirtualTime();
  time.install();
  try {
    const random = randomOf(7);
    const broker = new Broker({ clock: time.clock, seed: 7, region: 'us-east-1', accountId: '000000000000' });
    const operation = (name: string, input: Record<string, unknown>): void => {
      void SQS_OPERATIONS.get(name)?.(broker, input, CALL);
      broker.settle();
    };
    for (const QueueName of ['q', 'dlq']) operation('CreateQueue', { QueueName });
    const url = 'http://local/000000000000/q';
    const numbers = Array.from({ length: events }, (_, n) => n + 1);
    for (const n of arrange(numbers, random)) {
      const event = { specversion: '1.0', id: `e${n}`, source: 's', type: 'work', subject: 'one', sequence: String(n) };
      operation('SendMessage', { QueueUrl: url, MessageBody: JSON.stringify({ ...event, data: n }) });
    }
    const settings = consumerSettings(
      {
        consumer: {
          visibilityTimeoutSeconds: LEASE_SECONDS,
          ordering: 'sequential',
          startAt: 1,
          gapTimeoutMs: 3_600_000,
        },
      },
      'q',
    );
    const memory = new MemoryInboxStore({ now: () => time.now });
    const shelf = { memory, steering: new MemorySteering(() => time.now), fault: undefined };
    const receives = new Map<string, number>();
    const handled: number[] = [];
    const consumers = Array.from({ length: processes }, () => {
      const wire = new FaultyWire(broker, random, {}, LEASE_SECONDS, {
        blame: () => undefined,
        endOf: () => undefined,
        lettersAreAway: () => false,
      });
      const store =
        processes === 1
          ? memory
          : new FaultyStore(
              shelf,
              random,
              {},
              { noteClaimed: () => undefined, noteDone: () => undefined, noteStoreFault: () => undefined },
            );
      const health = new StoreHealth({
        store,
        queue: 'q',
        onUnavailable: 'wait',
        logger: SILENT,
        onFault: () => undefined,
        onRecovery: () => undefined,
      });
      const rules = { ...settings, leaseMs: LEASE_SECONDS * 1_000, rememberForMs: 86_400_000 };
      return new QueueConsumer({
        queue: { name: 'q', url, deadLetterQueueUrl: 'http://local/000000000000/dlq', fifo: false },
        settings,
        inbox: new Inbox({ queue: 'q', store, health, rules }),
        inboxIsShared: processes > 1,
        slots: new Slots(Infinity),
        wire: {
          receive: async request => {
            const messages = await wire.receive(request);
            for (const { MessageId = '', Attributes } of messages) {
              receives.set(MessageId, Number(Attributes?.['ApproximateReceiveCount']));
            }
            return messages;
          },
          deleteBatch: (...args) => wire.deleteBatch(...args),
          changeVisibilityBatch: (...args) => wire.changeVisibilityBatch(...args),
          sendBatch: (...args) => wire.sendBatch(...args),
        },
        handlers: new HandlerRegistry([
          {
            pattern: 'work',
            queue: 'q',
            subscribed: false,
            handler: (async (n: number, _context: SqsContext) => {
              if (handlerMs > 0) await new Promise(resolve => setTimeout(resolve, handlerMs));
              handled.push(n);
            }) as never,
          },
        ]),
        decode: ({ Body }) => {
          const { data, ...metadata } = JSON.parse(Body ?? '') as EventMetadata & { data: unknown };
          return { metadata, data };
        },
        hooks: (_, work) => work(),
        logger: SILENT,
        onFault: () => undefined,
        onRecovery: () => undefined,
      });
    });
    const startedAt = time.now;
    for (const consumer of consumers) consumer.start();
    await time.run(withinSeconds * 2_000, () => handled.length >= events);
    const seconds = (time.now - startedAt) / 1_000;
    const counts = [...receives.values()];
    const stopped = Promise.all(consumers.map(consumer => consumer.stop(1_000)));
    let isStopped = false;
    void stopped.then(() => (isStopped = true));
    await time.run(10_000, () => isStopped);
    return {
      seconds,
      mostReceives: Math.max(...counts),
      meanReceives: counts.reduce((sum, count) => sum + count, 0) / counts.length,
      handled,
    };
  } finally {
    time.uninstall();
  }
}

const backlogs: Array<[string, Backlog]> = [
  ['12 reversed, one process', { events: 12, arrange: reversed, processes: 1, handlerMs: 0, withinSeconds: 2 }],
  ['12 reversed, three processes', { events: 12, arrange: reversed, processes: 3, handlerMs: 0, withinSeconds: 3 }],
  ['3,000 reversed, one process', { events: 3_000, arrange: reversed, processes: 1, handlerMs: 0, withinSeconds: 600 }],
  ['3,000 shuffled, one process', { events: 3_000, arrange: shuffled, processes: 1, handlerMs: 0, withinSeconds: 600 }],
  [
    '3,000 reversed, three processes',
    { events: 3_000, arrange: reversed, processes: 3, handlerMs: 0, withinSeconds: 600 },
  ],
  [
    '3,000 shuffled, three processes',
    { events: 3_000, arrange: shuffled, processes: 3, handlerMs: 0, withinSeconds: 600 },
  ],
];

for (const [name, backlog] of backlogs) {
  const startedAt = Date.now();
  const { seconds, mostReceives, meanReceives, handled } = await run(backlog);
  const isInOrder = handled.length === backlog.events && handled.every((n, at) => n === at + 1);
  const isWell = isInOrder && seconds <= backlog.withinSeconds && mostReceives <= 5;
  console.log(
    `${isWell ? 'well ' : 'WRONG'} ${name}: ${handled.length} handled${isInOrder ? ' in order' : ''} in ${seconds.toFixed(1)} s of simulated time, at most ${mostReceives} receives each, ${meanReceives.toFixed(2)} on average (${Date.now() - startedAt} ms)`,
  );
  if (!isWell) process.exitCode = 1;
}
