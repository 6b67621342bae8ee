import { monitorEventLoopDelay } from 'node:perf_hooks';
import { now, sleep } from './clock.mjs';
import { percentile } from './statistics.mjs';
import { Observer } from './observer.mjs';

const CALLS = ['ReceiveMessage', 'DeleteMessage', 'DeleteMessageBatch', 'ChangeMessageVisibilityBatch'];
const SENDS = ['SendMessage', 'SendMessageBatch'];
const DELETES = ['DeleteMessage', 'DeleteMessageBatch'];
const sum = (counts, names) => names.reduce((total, name) => total + (counts[`call ${name}`] ?? 0), 0);

/** A span of a contestant's work: what the process spent and what the server counted. */
class Span {
  static async begin(server) {
    const counts = await server('counts');
    return new Span(server, counts, now(), process.cpuUsage());
  }

  constructor(server, counts, startedAt, cpu) {
    Object.assign(this, { server, counts, startedAt, cpu });
  }

  async end() {
    const { user, system } = process.cpuUsage(this.cpu);
    const seconds = (now() - this.startedAt) / 1000;
    const counts = await this.server('counts');
    const added = names => sum(counts, names) - sum(this.counts, names);
    return {
      seconds,
      cpuMicros: user + system,
      calls: added(CALLS),
      receives: added(['ReceiveMessage']),
      sends: added(SENDS),
      deletes: added(DELETES),
      settleMs: counts.settleMs?.slice(this.counts.settleMs?.length ?? 0) ?? [],
    };
  }
}

const heapAfterGc = () => {
  globalThis.gc();
  return process.memoryUsage().heapUsed;
};
const latencyOf = latencies => ({ p50: percentile(latencies, 50), p99: percentile(latencies, 99) });

function consumed(observer, before, span) {
  const messages = observer.handled - before;
  const latencies = observer.latencies.slice(before);
  return {
    perSecond: messages / span.seconds,
    callsPerMessage: span.calls / messages,
    cpuMicros: span.cpuMicros / messages,
    ...latencyOf(latencies),
    messagesPerReceive: messages / span.receives,
    ...(observer.kind === 'refused' && { deletesPerMessage: span.deletes / messages }),
    ...(observer.parallelGroups > 0 && { inversions: observer.inversions, parallelGroups: observer.parallelGroups }),
  };
}

async function overWindow({ warmMs, measureMs, watchesLoop }, observer, server) {
  await sleep(warmMs);
  const span = await Span.begin(server);
  const before = observer.handled;
  const delay = watchesLoop ? watchLoop() : undefined;
  await sleep(measureMs);
  return { ...consumed(observer, before, await span.end()), ...delay?.() };
}

/** Gives the delay of the event loop since then. */
function watchLoop() {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  return () => {
    delay.disable();
    return { loopP50: delay.percentile(50) / 1e6, loopP99: delay.percentile(99) / 1e6 };
  };
}

async function overCount({ warmCount, warmMs, measureCount, leastMs, mostMs }, observer, server) {
  await Promise.all([observer.until(warmCount), sleep(warmMs)]);
  const heap = heapAfterGc();
  const span = await Span.begin(server);
  const before = observer.handled;
  await Promise.race([Promise.all([observer.until(before + measureCount), sleep(leastMs)]), sleep(mostMs)]);
  const result = consumed(observer, before, await span.end());
  observer.latencies = [];
  const heapGrowth = heapAfterGc() - heap;
  return { ...result, heapGrowthMb: heapGrowth / 2 ** 20, rssMb: process.resourceUsage().maxRSS / 1024 };
}

const KINDS = {
  window: overWindow,
  count: overCount,

  async drain({ warmCount, measureCount }, observer, server) {
    await observer.until(warmCount);
    const span = await Span.begin(server);
    const before = observer.handled;
    await observer.until(before + measureCount - warmCount);
    // They had lain in the queue before anybody asked for them.
    const { p50: _, p99: __, ...result } = consumed(observer, before, await span.end());
    return result;
  },

  async flow(scenario, observer, server) {
    await server('flow', { queue: scenario.queues[0], perSecond: scenario.perSecond });
    const result = await overWindow(scenario, observer, server);
    await server('stopFlow');
    return result;
  },

  async lone({ queues, warmCount, measureCount }, observer, server) {
    await sleep(300);
    for (let count = 1; count <= warmCount + measureCount; count += 1) {
      await server('push', { queue: queues[0] });
      await observer.until(count);
      await sleep(25);
    }
    return latencyOf(observer.latencies.slice(warmCount));
  },

  async idle({ queues, warmMs, measureMs }, observer, server) {
    await sleep(warmMs);
    const span = await Span.begin(server);
    const endsAt = now() + measureMs;
    for (let index = 0; now() < endsAt; index += 1) {
      await server('push', { queue: queues[(index * 7) % queues.length] });
      await sleep(100);
    }
    const { settleMs, cpuMicros, seconds } = await span.end();
    if (observer.handled === 0) throw new Error('no message was handled');
    return {
      ...latencyOf(observer.latencies),
      settleP50: percentile(settleMs, 50),
      settleP99: percentile(settleMs, 99),
      cpuPercent: cpuMicros / seconds / 1e4,
    };
  },
};

/** Has a contestant consume, and gives its figures. `server` sends a command to the server. */
export async function measureConsuming(contestant, scenario, endpoint, server) {
  const observer = new Observer(scenario.handler);
  const { queues, slots } = scenario;
  const running = await contestant.consume({
    endpoint,
    queues,
    slots,
    handle: observer.handle,
    handleAll: observer.handleAll,
  });
  const figures = await KINDS[scenario.kind](scenario, observer, server);
  return { figures, stop: () => running.stop() };
}

/** Has a contestant publish, `producers` at a time, each awaiting its own. */
export async function measurePublishing(contestant, scenario, endpoint, server) {
  const { producers, warmMs, measureMs, queues, bytes = 250, groups, watchesLoop } = scenario;
  const publisher = await contestant.publish({ endpoint, queue: queues[0] });
  const text = 'x'.repeat(bytes);
  let isOver = false;
  let accepted = 0;
  const latencies = [];
  const produce = async producer => {
    for (let n = 0; !isOver; n += 1) {
      const at = now();
      await publisher.send({ n, producer, at, text }, groups && `g${producer % groups}`);
      latencies.push(now() - at);
      accepted += 1;
    }
  };
  const all = Promise.all(Array.from({ length: producers }, (_, producer) => produce(producer)));
  await Promise.race([all, sleep(warmMs)]);
  const heap = heapAfterGc();
  const span = await Span.begin(server);
  const before = accepted;
  const delay = watchesLoop ? watchLoop() : undefined;
  await Promise.race([all, sleep(measureMs)]);
  const { seconds, cpuMicros, sends } = await span.end();
  const messages = accepted - before;
  const latency = latencyOf(latencies.slice(before));
  latencies.length = 0;
  const heapGrowth = heapAfterGc() - heap;
  isOver = true;
  await all;
  return {
    figures: {
      perSecond: messages / seconds,
      callsPerMessage: sends / messages,
      cpuMicros: cpuMicros / messages,
      ...latency,
      heapGrowthMb: heapGrowth / 2 ** 20,
      rssMb: process.resourceUsage().maxRSS / 1024,
      ...delay?.(),
    },
    stop: () => publisher.stop(),
  };
}
