import { jest } from '@jest/globals';
import { awsError } from '../../test/fake-planes.js';
import type { Tags } from '../interfaces/control-plane.interface.js';
import { QueueTagReader } from './queue-tag-reader.js';
import { planTypes, positionsKey, QUEUE_TAGS } from './queue-tags.js';

const recording = (...patterns: string[]): Tags => planTypes({}, patterns).set;

const TODAY = Date.UTC(2026, 5, 10, 12);

describe('QueueTagReader', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const over = (answer: () => Promise<Tags>) => {
    const readTags = jest.fn(answer);
    return { readTags, reader: new QueueTagReader({ readTags, now: () => Date.now(), wallNow: () => TODAY }) };
  };

  it('knows what any version has wanted, by its pattern', async () => {
    const { reader } = over(() => Promise.resolve(recording('user.*', 'order.placed')));
    const receivedAt = Date.now() - 1;
    expect(await reader.isWanted('user.deleted', receivedAt)).toBe(true);
    expect(await reader.isWanted('order.placed', receivedAt)).toBe(true);
    expect(await reader.isWanted('order.paid', receivedAt)).toBe(false);
  });

  it('reads once for all whose message was received before the read began', async () => {
    const { reader, readTags } = over(() => Promise.resolve(recording('a')));
    const receivedAt = Date.now() - 1;
    await Promise.all([reader.isWanted('a', receivedAt), reader.isWanted('b', receivedAt)]);
    await reader.isWanted('c', receivedAt);
    expect(readTags).toHaveBeenCalledTimes(1);
  });

  it('does not answer from a read that began before the message was received', async () => {
    let answer: (tags: Tags) => void = () => undefined;
    const { reader, readTags } = over(() => new Promise(resolve => (answer = resolve)));
    const early = reader.isWanted('new', Date.now() - 1);
    await jest.advanceTimersByTimeAsync(50);
    const late = reader.isWanted('new', Date.now());
    answer(recording('old'));
    expect(await early).toBe(false);
    await jest.advanceTimersByTimeAsync(200);
    expect(readTags).toHaveBeenCalledTimes(2);
    answer(recording('old', 'new'));
    expect(await late).toBe(true);
  });

  it('begins a read at most every 200 ms, one at a time', async () => {
    const begun: number[] = [];
    const { reader } = over(() => {
      begun.push(Date.now());
      return Promise.resolve(recording('a'));
    });
    const answers: Array<Promise<boolean>> = [];
    for (let n = 0; n < 100; n += 1) {
      answers.push(reader.isWanted('x', Date.now()));
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
    const { reader } = over(() => answers.shift()!());
    expect(await reader.isWanted('x', Date.now() - 1)).toBe(true);
    const second = reader.isWanted('x', Date.now());
    await jest.advanceTimersByTimeAsync(200);
    expect(await second).toBe(true);
    const third = reader.isWanted('x', Date.now());
    await jest.advanceTimersByTimeAsync(200);
    expect(await third).toBe(false);
  });

  describe('whether a version without an order takes from the queue', () => {
    const since = (day: string | undefined) => {
      const tags: Tags = day === undefined ? {} : { [QUEUE_TAGS.unordered]: day };
      return over(() => Promise.resolve(tags));
    };

    it.each([
      ['today', '2026-06-10', true],
      ['yesterday', '2026-06-09', true],
      ['three days ago', '2026-06-07', false],
      ['never', undefined, false],
      ['at no readable time', 'lately', false],
    ])('one that did so %s: %p is %p', async (_, day, expected) => {
      expect(await since(day).reader.isMixed()).toBe(expected);
    });

    it.each([
      ['memory', 'shared', true],
      ['shared', 'memory', true],
      ['memory', 'memory', false],
      ['shared', 'shared', false],
      ['redis.0.inbox', 'redis.0.inbox', false],
      ['redis.0.inbox', 'redis.0.other', true],
      ['postgres.nestjs_sns_sqs', 'redis.0.inbox', true],
      ['shared', 'redis.0.inbox', true],
      ['redis.0.a{b:c', 'redis.0.a{b:c', false],
      ['redis.0.a{b:c', 'redis.0.a{b:d', true],
    ])('so does one that keeps positions elsewhere: %s beside %s is %p', async (positions, other, expected) => {
      const readTags = () => Promise.resolve({ [positionsKey(other)]: '2026-06-10' });
      const reader = new QueueTagReader({ readTags, positions, now: () => Date.now(), wallNow: () => TODAY });
      expect(await reader.isMixed()).toBe(expected);
    });

    it('is known for a minute', async () => {
      const { reader, readTags } = since('2026-06-10');
      await Promise.all([reader.isMixed(), reader.isMixed()]);
      await jest.advanceTimersByTimeAsync(59_000);
      await reader.isMixed();
      expect(readTags).toHaveBeenCalledTimes(1);
      await jest.advanceTimersByTimeAsync(1_000);
      await reader.isMixed();
      expect(readTags).toHaveBeenCalledTimes(2);
    });

    it('is denied where the tags may not be read', async () => {
      expect(await over(() => Promise.reject(awsError('AccessDenied'))).reader.isMixed()).toBe(false);
      expect(await over(() => Promise.reject(awsError('InvalidAction'))).reader.isMixed()).toBe(false);
    });

    it('is not known while the tags cannot be read, and is asked again a second later', async () => {
      const answers = [
        () => Promise.reject(awsError('RequestThrottled')),
        () => Promise.reject(new Error('socket hang up')),
        () => Promise.resolve({ [QUEUE_TAGS.unordered]: '2026-06-10' }),
      ];
      const { reader, readTags } = over(() => answers.shift()!());
      expect(await reader.isMixed()).toBeUndefined();
      await jest.advanceTimersByTimeAsync(900);
      expect(await reader.isMixed()).toBeUndefined();
      expect(readTags).toHaveBeenCalledTimes(1);
      await jest.advanceTimersByTimeAsync(100);
      expect(await reader.isMixed()).toBeUndefined();
      await jest.advanceTimersByTimeAsync(1_000);
      expect(await reader.isMixed()).toBe(true);
    });
  });

  it('answers every question from one read, and says why there is none to who asks for the tags', async () => {
    const answers = [() => Promise.resolve(recording('a')), () => Promise.reject(new Error('denied'))];
    const { reader, readTags } = over(() => answers.shift()!());
    const receivedAt = Date.now() - 1;
    const [isWanted, isMixed, tags] = await Promise.all([
      reader.isWanted('a', receivedAt),
      reader.isMixed(),
      reader.tagsNow(),
    ]);
    expect([isWanted, isMixed, tags]).toEqual([true, false, recording('a')]);
    expect(readTags).toHaveBeenCalledTimes(1);

    await jest.advanceTimersByTimeAsync(1);
    const denied = reader.tagsNow().catch((error: unknown) => String(error));
    await jest.advanceTimersByTimeAsync(200);
    expect(await denied).toBe('Error: denied');
  });
});
