// What one step costs as the work grows. `measure` gives microseconds of CPU time for one step at one size.
import { HandlerRegistry } from '#lib/server/handle/handler-registry.js';
import { AttemptCounter } from '#lib/server/handle/attempt-counter.js';
import { MemoryInboxStore } from '#lib/inbox/memory-inbox-store.js';
import { InFlight } from '#lib/server/in-flight.js';
import { Delivery } from '#lib/server/delivery.js';
import { Publisher } from '#lib/client/publish/publisher.js';
import { Lanes } from '#lib/server/receive/lanes.js';
import { Slots } from '#lib/server/receive/slots.js';
import { SnsRecordBuilder } from '#lib/record-builders/sns-record.builder.js';
import { Broker } from '#broker/core/broker.js';
import { SQS_OPERATIONS } from '#broker/core/sqs/operations.js';
import { VirtualClock } from '#broker/core/virtual-clock.js';

const STEPS = 50_000;
const WEEK_MS = 7 * 86_400_000;

const micros = before => {
  const { user, system } = process.cpuUsage(before);
  return user + system;
};

/** CPU time of one step in microseconds, the best of three. */
function cost(steps, step) {
  const rounds = Array.from({ length: 3 }, () => {
    const before = process.cpuUsage();
    for (let at = 0; at < steps; at += 1) step(at);
    return micros(before) / steps;
  });
  return Math.min(...rounds);
}

/** As {@link cost}, of steps that `callers` make side by side. */
async function costSideBySide(steps, callers, step) {
  let least = Infinity;
  for (let round = 0; round < 3; round += 1) {
    let left = steps;
    const before = process.cpuUsage();
    await Promise.all(
      Array.from({ length: callers }, async (_, caller) => {
        while (left-- > 0) await step(caller);
      }),
    );
    least = Math.min(least, micros(before) / steps);
  }
  return least;
}

let ids = 0;
const nextId = () => `id-${(ids += 1)}`;
const handler = Object.assign(async () => undefined, { isEventHandler: true });

function claimAndDone(store) {
  const claim = { queue: 'q', key: nextId(), token: 't' };
  store.claim(claim, 30_000);
  store.done(claim, { rememberForMs: WEEK_MS });
}

const patternsOf = count => Array.from({ length: count }, (_, at) => `part-${at}.*.done`);

/** A publisher to an AWS that accepts everything in the next turn of the event loop. */
function publisher(fifo) {
  const name = fifo ? 'commands.fifo' : 'commands';
  return new Publisher({
    destination: { name, source: 'bench', fifo },
    operation: 'SendMessageBatch',
    makes: false,
    resolve: async () => name,
    send: async (_target, entries) => {
      await new Promise(resolve => setImmediate(resolve));
      return { successful: entries.map(({ id }) => ({ id })), failed: [] };
    },
    maxBatchBytes: 1_048_576,
    client: { publish: { maxPending: 1_000_000 } },
  });
}

export const CURVES = [
  {
    title: 'callers of `emit()`: one emit',
    sizes: [10, 100, 1_000, 10_000],
    async measure(size) {
      const emits = publisher(false);
      return costSideBySide(STEPS, size, caller => emits.publish('bench.tick', { caller }));
    },
  },
  {
    title: 'FIFO groups that are published to: one emit',
    sizes: [10, 100, 1_000, 10_000],
    async measure(size) {
      const emits = publisher(true);
      return costSideBySide(STEPS, size, caller =>
        emits.publish('bench.tick', new SnsRecordBuilder({ caller }).setGroupId(`g${caller}`).build()),
      );
    },
  },
  {
    title: 'groups that wait in one process: one message of a group',
    sizes: [1_000, 10_000, 100_000],
    async measure(size) {
      let left = STEPS;
      let done;
      const finished = new Promise(resolve => (done = resolve));
      const lanes = new Lanes({
        runner: { handle: () => Promise.resolve('advance'), returnToQueue: () => undefined },
        onEnd() {
          if (left > 0) lanes.submit(left, `more-${(left -= 1)}`);
          if (lanes.held === 0) done();
        },
        limit: 10,
        slots: new Slots(10),
      });
      const before = process.cpuUsage();
      for (let at = 0; at < size; at += 1) lanes.submit(at, `first-${at}`);
      await finished;
      return micros(before) / (size + STEPS);
    },
  },
  {
    title: 'queues of one server that wait for a slot: one slot',
    sizes: [5, 50, 500],
    measure(size) {
      const slots = new Slots(10);
      const users = Array.from({ length: size }, () => ({
        pump() {
          if (slots.take(this)) slots.take(this);
        },
      }));
      while (slots.free > 0) slots.take(users[0]);
      for (const user of users) slots.take(user);
      return cost(STEPS, () => slots.release());
    },
  },
  {
    title: 'memory inbox at its bound: claim and done',
    sizes: [10_000, 100_000, 1_000_000],
    measure(size) {
      const store = new MemoryInboxStore({ maxEntries: size });
      for (let at = 0; at < size; at += 1) claimAndDone(store);
      return cost(STEPS, () => claimAndDone(store));
    },
  },
  {
    title: 'attempts that are remembered, at their bound: a message that failed',
    sizes: [5_000, 50_000, 500_000],
    measure(size) {
      const attempts = new AttemptCounter({ fifo: true, rules: { maxReceiveCount: 5, backoff: {} } });
      for (let at = 0; at < size; at += 1) attempts.noteFailed(nextId());
      return cost(STEPS, () => attempts.noteFailed(nextId()));
    },
  },
  {
    title: 'patterns with wildcards in one queue: handler of a type',
    sizes: [10, 100, 1_000],
    measure(size) {
      const patterns = patternsOf(size).map(pattern => ({ pattern, queue: 'q', subscribed: true, handler }));
      const registry = new HandlerRegistry(patterns);
      return cost(STEPS, at => registry.find('q', `part-${at % size}.x.done`));
    },
  },
  {
    title: 'handlers of one queue: the registry, for each handler',
    sizes: [100, 1_000, 10_000],
    measure(size) {
      const handlers = Array.from({ length: size }, (_, at) => ({
        pattern: `type-${at}`,
        queue: 'q',
        subscribed: true,
        handler,
      }));
      return cost(10, () => new HandlerRegistry(handlers)) / size;
    },
  },
  {
    title: 'deliveries in flight: is a message that came again among them',
    sizes: [100, 1_000, 10_000],
    measure(size) {
      const inFlight = new InFlight();
      for (let at = 0; at < size; at += 1) {
        inFlight.add(new Delivery({ MessageId: `m-${at}`, ReceiptHandle: 'r', Body: '' }, 0, 30_000));
      }
      return cost(STEPS, at => inFlight.hasMessage(`m-${at % (2 * size)}`));
    },
  },
  {
    title: 'messages in a queue of the broker: send, receive and delete one',
    sizes: [1_000, 10_000, 100_000],
    measure(size) {
      const broker = new Broker({
        clock: new VirtualClock(),
        seed: 1,
        region: 'us-east-1',
        accountId: '000000000000',
      });
      const call = { origin: 'http://127.0.0.1', gone: false, onGone: () => undefined, onUndelivered: () => undefined };
      const ask = (operation, input) => SQS_OPERATIONS.get(operation)(broker, input, call);
      const { QueueUrl } = ask('CreateQueue', { QueueName: 'q' });
      const send = () => ask('SendMessage', { QueueUrl, MessageBody: 'x' });
      for (let at = 0; at < size; at += 1) void send();
      return cost(5_000, () => {
        void send();
        const { Messages } = ask('ReceiveMessage', { QueueUrl, WaitTimeSeconds: 0 });
        void ask('DeleteMessage', { QueueUrl, ReceiptHandle: Messages[0].ReceiptHandle });
      });
    },
  },
];
