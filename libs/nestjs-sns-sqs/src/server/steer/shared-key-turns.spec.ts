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
