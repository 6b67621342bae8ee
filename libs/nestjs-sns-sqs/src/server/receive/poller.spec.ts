import { jest } from '@jest/globals';
import { ClockWatch } from '../../async/clock-watch.js';
import type { SnsSqsError } from '../../errors/sns-sqs.error.js';
import type { ReceiveRequest, SqsMessage, SqsWire } from '../../interfaces/wire.interface.js';
import type { Intake } from './intake.js';
import { Poller } from './poller.js';

interface Receive {
  request: ReceiveRequest;
  answer: (messages: SqsMessage[]) => void;
  fail: (error: Error) => void;
}

/** A poller whose receives are answered by the test; an aborted one rejects, as the SDK's does. */
function pollerByHand({
  room = () => 10,
  isBusy = () => false,
  maxReceives = () => Infinity,
  onFullReceive = () => undefined,
  batchSize,
  random = () => 1,
  watch,
  waitTimeSeconds = 20,
  fifo = false,
}: {
  room?: () => number;
  isBusy?: () => boolean;
  maxReceives?: () => number;
  onFullReceive?: (ms: number) => void;
  batchSize?: number;
  random?: () => number;
  watch?: ClockWatch;
  waitTimeSeconds?: number;
  fifo?: boolean;
} = {}) {
  const receives: Receive[] = [];
  const receive = (request: ReceiveRequest): Promise<SqsMessage[]> =>
    new Promise((answer, fail) => {
      receives.push({ request, answer, fail });
      request.signal?.addEventListener('abort', () => fail(new Error('aborted')));
    });
  const deliver = jest.fn<Intake['accept']>();
  const onFault = jest.fn<(error: SnsSqsError) => void>();
  const onRecovery = jest.fn();
  const poller = new Poller({
    queueUrl: 'url',
    queueName: 'q',
    fifo,
    wire: { receive } as unknown as SqsWire,
    waitTimeSeconds,
    visibilityTimeoutSeconds: 30,
    batchSize: 10,
    intake: {
      get capacity() {
        return room();
      },
      get isBusy() {
        return isBusy();
      },
      get maxReceives() {
        return maxReceives();
      },
      accept: deliver,
      onFullReceive,
      onFault,
      onRecovery,
    },
    random,
    ...(batchSize !== undefined && { batchSize }),
    watch,
  });
  return { poller, receives, deliver, onFault, onRecovery, last: () => receives.at(-1) as Receive };
}

const pass = (ms = 0) => jest.advanceTimersByTimeAsync(ms);
const away = () => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

describe('Poller', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('counts a lease from before the event loop stood still, where its answer may have come then', async () => {
    const watch = new ClockWatch();
    const unwatch = watch.watch(() => undefined);
    const { poller, deliver, last } = pollerByHand({ watch });
    poller.start();
    await pass(15_000);
    const stall = jest.spyOn(performance, 'now').mockReturnValue(performance.now() + 10_000);
    last().answer([{ MessageId: 'a' }]);
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
    stall.mockRestore();
    const [, receipt] = deliver.mock.calls[0] ?? [];
    expect(receipt?.receivedAt).toBeLessThanOrEqual(15_000 - 6_000);
    unwatch();
  });

  it('receives one long poll after the other and delivers what comes, with the time from which its lease counts', async () => {
    const { poller, receives, deliver, last } = pollerByHand();
    poller.start();
    poller.start();
    expect(receives).toHaveLength(1);
    expect(last().request).toMatchObject({ maxMessages: 10, waitTimeSeconds: 20, visibilityTimeoutSeconds: 30 });
    await pass(3_000);
    last().answer([{ MessageId: 'a' }]);
    await pass();
    expect(deliver.mock.calls).toEqual([[[{ MessageId: 'a' }], { receivedAt: 0, isDoubted: false }]]);
    last().answer([]);
    await pass();
    expect(deliver).toHaveBeenCalledTimes(1);
    expect(receives).toHaveLength(3);
  });

  it('asks for no more than there is room for, and waits to be woken when there is none', async () => {
    let room = 3;
    const { poller, receives, last } = pollerByHand({ room: () => room });
    poller.start();
    expect(last().request.maxMessages).toBe(3);
    room = 0;
    last().answer([]);
    await pass(60_000);
    expect(receives).toHaveLength(1);
    room = 25;
    poller.wake();
    await pass();
    expect(receives).toHaveLength(2);
    expect(last().request.maxMessages).toBe(10);
  });

  it('makes one receive more with each that was answered in full, and goes back to one after an empty one', async () => {
    const { poller, receives, last } = pollerByHand({ room: () => 100 });
    const ten = Array.from({ length: 10 }, (_, n) => ({ MessageId: String(n) }));
    poller.start();
    last().answer(ten);
    await pass();
    expect(receives).toHaveLength(3);
    last().answer(ten);
    await pass();
    expect(receives).toHaveLength(5);
    for (const { answer } of receives) answer([]);
    await pass();
    expect(receives).toHaveLength(6);
  });

  it('asks only for what the receives in flight have not asked for', async () => {
    const { poller, receives, last } = pollerByHand({ room: () => 13 });
    const ten = Array.from({ length: 10 }, (_, n) => ({ MessageId: String(n) }));
    poller.start();
    last().answer(ten);
    await pass();
    expect(receives.map(({ request }) => request.maxMessages)).toEqual([10, 10]);
    poller.wake();
    expect(receives).toHaveLength(2);
  });

  it('waits a moment for room for a full receive while messages are in work, and then takes what there is', async () => {
    let room = 4;
    const { poller, receives, last } = pollerByHand({ room: () => room, isBusy: () => true });
    poller.start();
    await pass(4);
    expect(receives).toHaveLength(0);
    room = 10;
    poller.wake();
    expect(last().request.maxMessages).toBe(10);
    room = 3;
    last().answer([]);
    await pass(5);
    expect(last().request.maxMessages).toBe(3);
  });

  it('takes faults of receives that were in flight together for one', async () => {
    const { poller, receives, onFault, last } = pollerByHand({ room: () => 100 });
    poller.start();
    last().answer(Array.from({ length: 10 }, () => ({})));
    await pass();
    expect(receives).toHaveLength(3);
    receives[1]?.fail(away());
    receives[2]?.fail(away());
    await pass();
    expect(onFault).toHaveBeenCalledTimes(1);
    await pass(200);
    expect(receives).toHaveLength(4);
  });

  it('waits longer after each fault, up to 30 s, however often it is woken', async () => {
    const { poller, receives, onFault, last } = pollerByHand();
    poller.start();
    for (const delay of [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]) {
      const before = receives.length;
      last().fail(away());
      await pass(delay - 1);
      poller.wake();
      await pass();
      expect(receives).toHaveLength(before);
      await pass(1);
      expect(receives).toHaveLength(before + 1);
    }
    expect(onFault).toHaveBeenCalledTimes(10);
    expect(onFault.mock.calls[0]?.[0]).toMatchObject({
      code: 'ENDPOINT_UNREACHABLE',
      facts: { operation: 'ReceiveMessage', resource: 'q' },
    });
  });

  it('tells a recovery once, and waits briefly again after the next fault', async () => {
    const { poller, receives, onRecovery, last } = pollerByHand();
    poller.start();
    last().fail(away());
    await pass(200);
    last().fail(away());
    await pass(400);
    expect(onRecovery).not.toHaveBeenCalled();
    last().answer([]);
    await pass();
    last().answer([]);
    await pass();
    expect(onRecovery).toHaveBeenCalledTimes(1);
    const before = receives.length;
    last().fail(away());
    await pass(200);
    expect(receives).toHaveLength(before + 1);
  });

  it('spreads the wait after a fault over its second half', async () => {
    const { poller, receives, last } = pollerByHand({ random: () => 0 });
    poller.start();
    last().fail(away());
    await pass(99);
    expect(receives).toHaveLength(1);
    await pass(1);
    expect(receives).toHaveLength(2);
  });

  it('gives a young receive 250 ms to answer at the stop, and delivers what it brings', async () => {
    const { poller, receives, deliver, last } = pollerByHand();
    poller.start();
    await pass(100);
    const stopped = poller.stop();
    await pass(149);
    expect(last().request.signal?.aborted).toBe(false);
    last().answer([{ MessageId: 'just in time' }]);
    await stopped;
    expect(deliver).toHaveBeenCalledTimes(1);
    expect(receives).toHaveLength(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('cuts a receive at the stop once it is 250 ms old, without calling that a fault', async () => {
    const { poller, onFault, last } = pollerByHand();
    poller.start();
    await pass(100);
    const stopped = poller.stop();
    await pass(150);
    expect(last().request.signal?.aborted).toBe(true);
    await stopped;
    expect(onFault).not.toHaveBeenCalled();
  });

  it('still reads at the stop an answer that came while the process stood still', async () => {
    jest.useRealTimers();
    const { poller, deliver, last } = pollerByHand();
    poller.start();
    const stopped = poller.stop();
    // Node runs a timer that is due before it reads what has come.
    setImmediate(() => last().answer([{ MessageId: 'waiting to be read' }]));
    const startedAt = performance.now();
    while (performance.now() - startedAt < 300) Math.random();
    await stopped;
    expect(deliver).toHaveBeenCalledTimes(1);
  });

  it('cuts a long poll that waits at once', async () => {
    const { poller, last } = pollerByHand();
    poller.start();
    await pass(5_000);
    const stopped = poller.stop();
    await pass();
    expect(last().request.signal?.aborted).toBe(true);
    await stopped;
  });

  it('stops at once while it waits out a fault or waits for room', async () => {
    const faulty = pollerByHand();
    faulty.poller.start();
    faulty.last().fail(away());
    await pass(1);
    await faulty.poller.stop();
    const full = pollerByHand({ room: () => 0 });
    full.poller.start();
    await full.poller.stop();
    expect([faulty.receives.length, full.receives.length]).toEqual([1, 0]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('tells for how long a receive that does not end has kept it, and nothing while none is due', async () => {
    let room = 10;
    const { poller, receives } = pollerByHand({ room: () => room });
    expect(poller.stalledMs).toBe(0);
    poller.start();
    await jest.advanceTimersByTimeAsync(30_000);
    expect(poller.stalledMs).toBe(30_000);
    room = 0;
    receives[0]?.answer([]);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(poller.stalledMs).toBe(0);
    // Nobody has told it that there is room.
    room = 10;
    expect(poller.stalledMs).toBe(60_000);
    poller.wake();
    expect(poller.stalledMs).toBe(0);
    receives[1]?.fail(new Error('away'));
    await jest.advanceTimersByTimeAsync(100);
    expect(poller.stalledMs).toBe(0);
    await poller.stop();
    expect(poller.stalledMs).toBe(0);
  });

  it('stops when it was never started', async () => {
    await expect(pollerByHand().poller.stop()).resolves.toBeUndefined();
  });

  it('probes without waiting, and rejects with what keeps it from receiving', async () => {
    const { poller, last } = pollerByHand({ room: () => 4 });
    const probe = poller.probe();
    expect(last().request).toMatchObject({ maxMessages: 4, waitTimeSeconds: 0 });
    last().answer([{ MessageId: 'a' }]);
    expect(await probe).toEqual({ messages: [{ MessageId: 'a' }], receipt: { receivedAt: 0, isDoubted: false } });
    const denied = poller.probe();
    last().fail(Object.assign(new Error('no'), { name: 'AccessDenied' }));
    await expect(denied).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
  });

  it('pauses after empty answers that came at once, longer each time, and not behind messages', async () => {
    const { poller, receives, last } = pollerByHand({ waitTimeSeconds: 0 });
    poller.start();
    const emptySeconds = async (seconds: number): Promise<number> => {
      const before = receives.length;
      for (let ms = 0; ms < seconds * 1000; ms += 10) {
        last().answer([]);
        await pass(10);
      }
      return receives.length - before;
    };
    await emptySeconds(10);
    expect(await emptySeconds(60)).toBeLessThanOrEqual(61);
    await pass(1_000);
    const before = receives.length;
    last().answer([{ MessageId: '1' }]);
    await pass();
    expect(receives.length).toBe(before + 1);
    last().answer([]);
    await pass(20);
    expect(receives.length).toBe(before + 2);
    poller.abandon();
  });

  it('goes on at once after a long poll that has waited', async () => {
    const { poller, receives, last } = pollerByHand({ waitTimeSeconds: 1 });
    poller.start();
    for (let polls = 1; polls <= 5; polls += 1) {
      await pass(1_000);
      last().answer([]);
      await pass();
      expect(receives.length).toBe(polls + 1);
    }
    poller.abandon();
  });

  describe('on a FIFO queue', () => {
    const lost = () => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    const refused = () => Object.assign(new Error('no'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
    const idOf = ({ request }: Receive) => request.attemptId;

    it('gives each receive an attempt id of its own', async () => {
      const { poller, receives, last } = pollerByHand({ fifo: true });
      poller.start();
      last().answer([]);
      await pass();
      last().answer([{ MessageId: 'a' }]);
      await pass();
      const ids = receives.map(idOf);
      expect(ids.length).toBeGreaterThan(2);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.every(id => /^[\w-]{36}$/.test(id ?? ''))).toBe(true);
    });

    it('makes a receive again under its id when the answer was lost, and once only', async () => {
      const { poller, receives, last } = pollerByHand({ fifo: true });
      poller.start();
      last().fail(lost());
      await pass(1_000);
      last().fail(lost());
      await pass(1_000);
      last().answer([{ MessageId: 'a' }]);
      await pass();
      const [first, ...others] = receives.map(idOf);
      expect(others.slice(0, 2)).toEqual([first, first]);
      expect(others[2]).not.toBe(first);
    });

    it('takes a new id after a refusal, and where five minutes are nearly over', async () => {
      const { poller, receives, last } = pollerByHand({ fifo: true });
      poller.start();
      last().fail(refused());
      await pass(1_000);
      await pass(280_000);
      last().fail(lost());
      await pass(1_000);
      expect(new Set(receives.map(idOf)).size).toBe(3);
    });

    it('gives parallel receives that were lost their own ids again', async () => {
      const { poller, receives, last } = pollerByHand({ fifo: true, room: () => 20 });
      poller.start();
      last().answer(Array.from({ length: 10 }, (_, n) => ({ MessageId: String(n) })));
      await pass();
      const together = receives.slice(1);
      expect(together).toHaveLength(2);
      for (const each of together) each.fail(lost());
      await pass(1_000);
      last().answer(Array.from({ length: 10 }, (_, n) => ({ MessageId: String(n) })));
      await pass();
      expect(receives.slice(3, 5).map(idOf)).toEqual(together.map(idOf));
    });

    it('finds out at the start under an id, too', async () => {
      const { poller, receives, last } = pollerByHand({ fifo: true });
      const probing = poller.probe().catch((error: unknown) => error);
      last().fail(lost());
      await probing;
      const again = poller.probe();
      last().answer([]);
      await again;
      const [first, second] = receives.map(idOf);
      expect(first).toBeDefined();
      expect(second).toBe(first);
    });
  });

  it('sends no attempt id to a standard queue', () => {
    const { poller, last } = pollerByHand();
    poller.start();
    expect(last().request.attemptId).toBeUndefined();
  });
});
