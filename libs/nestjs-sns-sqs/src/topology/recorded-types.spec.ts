import { jest } from '@jest/globals';
import type { Tags } from '../interfaces/control-plane.interface.js';
import { planTypes } from './queue-tags.js';
import { RecordedTypes } from './recorded-types.js';

const recording = (...patterns: string[]): Tags => planTypes({}, patterns).set;

describe('RecordedTypes', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const over = (answer: () => Promise<Tags>) => {
    const readTags = jest.fn(answer);
    return { readTags, types: new RecordedTypes({ readTags, now: () => Date.now() }) };
  };

  it('knows what any version has wanted, by its pattern', async () => {
    const { types } = over(() => Promise.resolve(recording('user.*', 'order.placed')));
    const receivedAt = Date.now() - 1;
    expect(await types.isWanted('user.deleted', receivedAt)).toBe(true);
    expect(await types.isWanted('order.placed', receivedAt)).toBe(true);
    expect(await types.isWanted('order.paid', receivedAt)).toBe(false);
  });

  it('reads once for all whose message was received before the read began', async () => {
    const { types, readTags } = over(() => Promise.resolve(recording('a')));
    const receivedAt = Date.now() - 1;
    await Promise.all([types.isWanted('a', receivedAt), types.isWanted('b', receivedAt)]);
    await types.isWanted('c', receivedAt);
    expect(readTags).toHaveBeenCalledTimes(1);
  });

  it('does not answer from a read that began before the message was received', async () => {
    let answer: (tags: Tags) => void = () => undefined;
    const { types, readTags } = over(() => new Promise(resolve => (answer = resolve)));
    const early = types.isWanted('new', Date.now() - 1);
    await jest.advanceTimersByTimeAsync(50);
    const late = types.isWanted('new', Date.now());
    answer(recording('old'));
    expect(await early).toBe(false);
    await jest.advanceTimersByTimeAsync(200);
    expect(readTags).toHaveBeenCalledTimes(2);
    answer(recording('old', 'new'));
    expect(await late).toBe(true);
  });

  it('begins a read at most every 200 ms, one at a time', async () => {
    const begun: number[] = [];
    const { types } = over(() => {
      begun.push(Date.now());
      return Promise.resolve(recording('a'));
    });
    const answers: Array<Promise<boolean>> = [];
    for (let n = 0; n < 100; n += 1) {
      answers.push(types.isWanted('x', Date.now()));
      await jest.advanceTimersByTimeAsync(10);
    }
    await jest.advanceTimersByTimeAsync(400);
    expect(await Promise.all(answers)).toEqual(answers.map(() => false));
    const gaps = begun.slice(1).map((at, n) => at - (begun[n] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(200);
    expect(begun.length).toBeLessThanOrEqual(7);
  });

  it('answers in favour of the message when the tags cannot be read, or record nothing, and tries again', async () => {
    const answers = [
      () => Promise.reject(new Error('denied')),
      () => Promise.resolve({}),
      () => Promise.resolve(recording('a')),
    ];
    const { types } = over(() => answers.shift()!());
    expect(await types.isWanted('x', Date.now() - 1)).toBe(true);
    const second = types.isWanted('x', Date.now());
    await jest.advanceTimersByTimeAsync(200);
    expect(await second).toBe(true);
    const third = types.isWanted('x', Date.now());
    await jest.advanceTimersByTimeAsync(200);
    expect(await third).toBe(false);
  });
});
