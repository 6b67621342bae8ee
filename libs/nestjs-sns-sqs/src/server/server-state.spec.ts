import { jest } from '@jest/globals';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import { ServerState } from './server-state.js';

const because = (awsError: string): SnsSqsError =>
  new SnsSqsError('THROTTLED', `${awsError}.`, { facts: { awsError } });

describe('ServerState', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  function polling() {
    const lines: string[] = [];
    const statuses: string[] = [];
    const logger = { log: (text: string) => lines.push(text), error: (text: string) => lines.push(text) };
    const state = new ServerState({ service: 'users', logger, onChange: status => statuses.push(status) });
    state.change('polling');
    return { state, lines, statuses };
  }
  const FAULT = 'SlowDown. The library tries again with backoff.';
  const WORKS = 'q: receives work again';

  it('tells a fault once, when its reason changes, and when it is over', () => {
    const { state, lines } = polling();
    for (const name of ['SlowDown', 'SlowDown', 'OverLimit', 'OverLimit'])
      state.onFault('receives', 'q', because(name));
    state.onRecovery('receives', 'q');
    expect(lines).toEqual([FAULT, 'OverLimit. The library tries again with backoff.', WORKS]);
  });

  it('tells of receives that fail every other time for an hour once a minute, and has each state meanwhile', () => {
    const { state, lines, statuses } = polling();
    for (let second = 0; second < 3_600; second += 1) {
      state.onFault('receives', 'q', because('SlowDown'));
      expect(state.faults.receives.size).toBe(1);
      state.onRecovery('receives', 'q');
      expect(state.faults.size).toBe(0);
      jest.advanceTimersByTime(1_000);
    }
    expect(lines).toEqual(Array.from({ length: 60 }, () => [FAULT, WORKS]).flat());
    expect(statuses.slice(-2)).toEqual(['reconnecting', 'polling']);
  });

  it('tells of one that comes again and stays', () => {
    const { state, lines } = polling();
    state.onFault('receives', 'q', because('SlowDown'));
    state.onRecovery('receives', 'q');
    for (let second = 0; second < 90; second += 10) {
      state.onFault('receives', 'q', because('SlowDown'));
      jest.advanceTimersByTime(10_000);
    }
    state.onRecovery('receives', 'q');
    expect(lines).toEqual([FAULT, WORKS, FAULT, WORKS]);
  });

  it('tells the latest reason of two that come in turn', () => {
    const { state, lines } = polling();
    const faults = ['SlowDown', 'OverLimit', 'SlowDown', 'OverLimit'];
    for (const name of faults) state.onFault('receives', 'q', because(name));
    expect(lines).toHaveLength(2);
    jest.advanceTimersByTime(60_000);
    state.onFault('receives', 'q', because('SlowDown'));
    expect(lines.at(-1)).toBe(FAULT);
  });

  it('tells of each queue, and each time that the health of a store tells', () => {
    const { state, lines } = polling();
    for (const queue of ['q', 'r']) state.onFault('receives', queue, because('SlowDown'));
    for (let time = 0; time < 2; time += 1) {
      state.onFault('inbox', 'q', because('READONLY'));
      state.onRecovery('inbox', 'q');
    }
    expect(lines).toHaveLength(6);
  });
});
