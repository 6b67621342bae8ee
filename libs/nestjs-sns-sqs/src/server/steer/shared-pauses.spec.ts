import { jest } from '@jest/globals';
import type { SteeringStore } from '../../interfaces/steering-store.interface.js';
import { SharedPauses } from './shared-pauses.js';

const pass = (ms = 0) => jest.advanceTimersByTimeAsync(ms);

function storeOf() {
  const paused = new Set<string>();
  const answers = { isAway: false, ms: 0 };
  const reply = async <T>(give: () => T): Promise<T> => {
    const given = answers.isAway ? undefined : give();
    await new Promise(resolve => setTimeout(resolve, answers.ms));
    if (given === undefined) throw new Error('away');
    return given;
  };
  const store: Pick<SteeringStore, 'setPaused' | 'pausedQueues'> = {
    setPaused: async (scope, queue, isPaused) => {
      await reply(() => (isPaused ? paused.add(`${scope} ${queue}`) : paused.delete(`${scope} ${queue}`), true));
    },
    pausedQueues: scope =>
      reply(() => [...paused].filter(text => text.startsWith(scope)).map(text => text.slice(scope.length + 1))),
  };
  return { store: store as SteeringStore, paused, answers };
}

/** A process of the service `s` with two queues. */
function processOf(store: SteeringStore) {
  const own = new Set<string>();
  const told: string[] = [];
  const logger = { log: jest.fn(), warn: jest.fn() };
  const shared = new SharedPauses({
    store,
    scope: 's',
    logger,
    pauses: {
      names: ['a', 'b'],
      isPaused: name => own.has(name),
      follow: (name, isPaused) => {
        told.push(`${isPaused ? 'pause' : 'resume'} ${name}`);
        if (isPaused) own.add(name);
        else own.delete(name);
      },
    },
  });
  const pause = (name: string): Promise<void> => {
    own.add(name);
    return shared.note([name], true);
  };
  const resume = (name: string): Promise<void> => {
    own.delete(name);
    return shared.note([name], false);
  };
  return { shared, own, told, logger, pause, resume };
}

describe('SharedPauses', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('hold for other processes, for those that start later, and until anyone resumes', async () => {
    const { store } = storeOf();
    const [one, two, late] = [processOf(store), processOf(store), processOf(store)];
    void one.shared.start();
    void two.shared.start();
    await pass();
    void one.pause('a');
    await pass(5_010);
    expect(two.told).toEqual(['pause a']);
    const started = late.shared.start();
    await pass();
    await started;
    expect([...late.own]).toEqual(['a']);
    void two.resume('a');
    await pass(5_010);
    expect([one.told, late.told, [...one.own]]).toEqual([['resume a'], ['pause a', 'resume a'], []]);
    for (const { shared } of [one, two, late]) shared.stop();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('stay as they are while the store is away, and are written when it is back', async () => {
    const { store, paused, answers } = storeOf();
    const one = processOf(store);
    void one.shared.start();
    await pass();
    void one.pause('a');
    await pass();
    answers.isAway = true;
    void one.pause('b');
    void one.resume('a');
    await pass(60_000);
    expect([[...one.own], [...paused], one.logger.warn.mock.calls.length]).toEqual([['b'], ['s a'], 1]);
    expect(one.logger.warn.mock.calls[0]?.[0]).toMatch(
      /^The store of the pauses does not answer: .+\. Paused queues stay paused,/,
    );
    answers.isAway = false;
    await pass(5_010);
    expect([[...one.own], [...paused], one.told]).toEqual([['b'], ['s b'], []]);
    one.shared.stop();
  });

  it('of this process count more than a look that was under way', async () => {
    const { store, answers } = storeOf();
    const one = processOf(store);
    void one.shared.start();
    await pass();
    answers.ms = 100;
    await pass(5_050);
    void one.pause('a');
    await pass(400);
    expect([[...one.own], one.told]).toEqual([['a'], []]);
    one.shared.stop();
  });

  it('start although the store does not answer', async () => {
    const { store, answers } = storeOf();
    answers.isAway = true;
    const one = processOf(store);
    const started = one.shared.start();
    await pass();
    await expect(started).resolves.toBeUndefined();
    one.shared.stop();
  });
});
