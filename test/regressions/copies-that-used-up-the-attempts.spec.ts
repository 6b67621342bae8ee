import { jest } from '@jest/globals';
import { consumerOf, quietLogger, settingsOf } from '../../libs/nestjs-sns-sqs/test/consumer.js';
import { message, ScriptedQueue } from '../../libs/nestjs-sns-sqs/test/scripted-queue.js';
import { Inbox } from '../../libs/nestjs-sns-sqs/src/inbox/inbox.js';
import { MemoryInboxStore } from '../../libs/nestjs-sns-sqs/src/inbox/memory-inbox-store.js';
import { StoreHealth } from '../../libs/nestjs-sns-sqs/src/inbox/store-health.js';

const MINUTES = 60_000;
/** SQS's, in milliseconds since the epoch. */
const EPOCH = Date.UTC(2026, 0, 1);

/** A message of the event, as SQS keeps it. */
interface Copy {
  id: string;
  receives: number;
  firstReceivedAt: number;
  visibleAt: number;
  letterAt: number;
}

/** So many messages of one event, and processes that all share a store and fail each time. */
async function letterTimes({ copies, processes }: { copies: number; processes: number }): Promise<number[]> {
  const store = Object.assign(new MemoryInboxStore(), { isShared: true });
  const fleet = Array.from({ length: processes }, () => processOn(store));
  const startedAt = performance.now();
  const messages: Copy[] = Array.from({ length: copies }, (_, at) => ({
    id: `m${at}`,
    receives: 0,
    firstReceivedAt: 0,
    visibleAt: startedAt + at * 300,
    letterAt: Infinity,
  }));
  let turn = 0;
  for (;;) {
    const [next] = messages
      .filter(({ letterAt }) => letterAt === Infinity)
      .toSorted((a, b) => a.visibleAt - b.visibleAt);
    if (!next) break;
    await jest.advanceTimersByTimeAsync(Math.max(0, next.visibleAt - performance.now()));
    const wire = fleet[(turn += 1) % processes] ?? new ScriptedQueue();
    await receive(wire, next);
  }
  return messages.map(({ letterAt }) => letterAt - startedAt);
}

async function receive(wire: ScriptedQueue, copy: Copy): Promise<void> {
  copy.receives += 1;
  copy.firstReceivedAt ||= EPOCH + performance.now();
  const before = wire.settled.length;
  const received = message(copy.id, { receives: copy.receives, body: JSON.stringify({ id: 'the event' }) });
  const stamp = String(Math.round(copy.firstReceivedAt));
  wire.put({ ...received, Attributes: { ...received.Attributes, ApproximateFirstReceiveTimestamp: stamp } });
  await jest.advanceTimersByTimeAsync(60);
  const said = wire.settled.slice(before).join();
  const seconds = /in (\d+) s/.exec(said)?.[1];
  if (seconds === undefined) copy.letterAt = said.includes('to dlq') ? performance.now() : NaN;
  else copy.visibleAt = performance.now() + Number(seconds) * 1000;
}

function processOn(store: MemoryInboxStore): ScriptedQueue {
  const wire = new ScriptedQueue();
  const logger = quietLogger();
  const nothing = (): void => undefined;
  const health = new StoreHealth({
    queue: 'q',
    store,
    onUnavailable: 'wait',
    logger,
    onFault: nothing,
    onRecovery: nothing,
  });
  const inbox = new Inbox({
    queue: 'q',
    store,
    health,
    rules: { ...settingsOf(false), leaseMs: 30_000, rememberForMs: 60_000 },
  });
  const consumer = consumerOf(wire, () => Promise.reject(new Error('its dependency is away')), {
    inbox,
    inboxIsShared: true,
    logger,
  });
  consumer.start();
  return wire;
}

describe('An event whose copies used up its attempts within seconds', () => {
  beforeEach(() => jest.useFakeTimers({ now: EPOCH }));
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  it.each([
    { copies: 1, processes: 1, random: 0 },
    { copies: 1, processes: 3, random: 0.999 },
    { copies: 7, processes: 1, random: 0 },
    { copies: 7, processes: 1, random: 0.999 },
    { copies: 7, processes: 3, random: 0 },
    { copies: 7, processes: 3, random: 0.999 },
    { copies: 7, processes: 20, random: 0.999 },
  ])('is dead-lettered after 15 to 60 minutes: %p', async ({ random, ...fleet }) => {
    jest.spyOn(Math, 'random').mockReturnValue(random);
    const times = await letterTimes(fleet);
    expect(times).toHaveLength(fleet.copies);
    expect(Math.min(...times)).toBeGreaterThan(15 * MINUTES);
    expect(Math.max(...times)).toBeLessThan(60 * MINUTES);
  });
});
