// npm run bench -- --scale: what one step costs as the work grows, in CPU time, so that a busy machine changes little.
import { HandlerRegistry } from '#lib/server/handle/handler-registry.js';
import { AttemptCounter } from '#lib/server/handle/attempt-counter.js';
import { MemoryInboxStore } from '#lib/inbox/memory-inbox-store.js';
import { InFlight } from '#lib/server/in-flight.js';
import { Delivery } from '#lib/server/delivery.js';

const STEPS = 50_000;
const WEEK_MS = 7 * 86_400_000;

/** CPU time of one step in microseconds, the best of three. */
function cost(steps, step) {
  const rounds = Array.from({ length: 3 }, () => {
    const before = process.cpuUsage();
    for (let at = 0; at < steps; at += 1) step(at);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / steps;
  });
  return Math.min(...rounds);
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

const CURVES = [
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
];

for (const curve of CURVES) {
  const { title, sizes } = curve;
  const figures = sizes.map(size => `${size.toLocaleString('en')}: ${curve.measure(size).toFixed(2)} µs`);
  console.log(`${title.padEnd(70)} ${figures.join('   ')}`);
}
