import { jest } from '@jest/globals';
import { MemorySteering } from '../../../test/memory-steering.js';
import { SharedKeyTurns } from './shared-key-turns.js';

const pass = (ms = 0) => jest.advanceTimersByTimeAsync(ms);

describe('SharedKeyTurns', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  function turnsOf(onUnavailable: 'wait' | 'proceed' = 'wait', store = new MemorySteering()) {
    const logger = { log: jest.fn(), warn: jest.fn() };
    const onRoom = jest.fn();
    const turns = new SharedKeyTurns(
      { messages: 1, perSeconds: 10 },
      { queueName: 'q', store, onUnavailable, logger, onRoom, random: () => 0 },
    );
    return { turns, store, logger, onRoom };
  }

  it('gives one turn to the processes that share a store', async () => {
    const one = turnsOf();
    const other = turnsOf('wait', one.store);
    expect(await one.turns.takeTurn('a', false)).toBe(0);
    expect(await other.turns.takeTurn('a', false)).toBe(9_000);
    expect(await other.turns.takeTurn('b', false)).toBe(0);
    expect(one.turns.room).toBe(Infinity);
  });

  it('lets a minute of a flood through by three processes, to 5 %, and another key at once', async () => {
    const store = new MemorySteering();
    store.latencyMs = 3;
    const limit = { messages: 10, perSeconds: 1 };
    const logger = { log: jest.fn(), warn: jest.fn() };
    const partners = { queueName: 'q', store, onUnavailable: 'wait' as const, logger, onRoom: jest.fn() };
    const processes = Array.from({ length: 3 }, () => new SharedKeyTurns(limit, partners));
    const ran: Array<{ key: string; ms: number }> = [];
    const startedAt = performance.now();
    /** As SQS hands a message out: to any process, and again after whole seconds. */
    const receive = async (n: number, key: string, times: number): Promise<void> => {
      const waitMs = await processes[(n + times) % 3]?.takeTurn(key, times > 0);
      if (waitMs === 0) ran.push({ key, ms: performance.now() - startedAt });
      else setTimeout(() => void receive(n, key, times + 1), Math.ceil(Number(waitMs) / 1000) * 1000 + (n % 13));
    };
    for (let n = 0; n < 800; n += 1) setTimeout(() => void receive(n, n % 50 === 0 ? 'calm' : 'busy', 0), n * 3);
    await pass(60_000);
    const busy = ran.filter(({ key }) => key === 'busy');
    expect(ran.length - busy.length).toBe(16);
    // Two seconds' worth was saved up.
    busy.forEach(({ ms }, before) => expect(before + 1).toBeLessThanOrEqual(20 + ms / 100));
    expect(busy.length).toBeLessThanOrEqual(630);
    expect(busy.length).toBeGreaterThanOrEqual(570);
    jest.clearAllTimers();
  });

  it('receives one message after each pause while the store is away, and asks with that', async () => {
    const { turns, store, logger, onRoom } = turnsOf();
    store.isAway = true;
    const asked = await Promise.all(['a', 'b', 'c'].map(async key => turns.takeTurn(key, false)));
    expect(asked).toEqual(['unavailable', 'unavailable', 'unavailable']);
    expect([turns.room, await turns.takeTurn('d', false), store.calls]).toEqual([0, 'unavailable', 3]);
    await pass(125);
    expect([onRoom.mock.calls.length, turns.room]).toEqual([1, 1]);
    expect([await turns.takeTurn('e', false), turns.room]).toEqual(['unavailable', 0]);
    await pass(250);
    store.isAway = false;
    expect([await turns.takeTurn('a', false), turns.room, onRoom.mock.calls.length]).toEqual([0, Infinity, 3]);
    expect([logger.warn.mock.calls.length, logger.log.mock.calls.length]).toEqual([1, 1]);
    turns.stop();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('goes by limits of its own meanwhile, where messages are handled without the store', async () => {
    const { turns, store } = turnsOf('proceed');
    store.isAway = true;
    expect([await turns.takeTurn('a', false), await turns.takeTurn('a', false), turns.room]).toEqual([
      0,
      9_000,
      Infinity,
    ]);
    expect(store.calls).toBe(1);
    turns.stop();
  });

  it('asks nobody after its stop', async () => {
    const { turns, store } = turnsOf();
    turns.stop();
    expect(await turns.takeTurn('a', false)).toBe('unavailable');
    expect(store.calls).toBe(0);
  });
});
