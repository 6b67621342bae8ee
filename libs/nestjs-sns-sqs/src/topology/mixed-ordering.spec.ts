import { jest } from '@jest/globals';
import type { Tags } from '../interfaces/control-plane.interface.js';
import { MixedOrdering } from './mixed-ordering.js';
import { QUEUE_TAGS } from './queue-tags.js';

const NOW = Date.UTC(2026, 5, 10, 12);

function mixedOrdering(day: string | undefined) {
  let now = 0;
  const tags: Tags = day === undefined ? {} : { [QUEUE_TAGS.unordered]: day };
  const readTags = jest.fn(() => Promise.resolve(tags));
  const subject = new MixedOrdering({ readTags, now: () => now, wallNow: () => NOW });
  return { subject, readTags, pass: (ms: number) => void (now += ms) };
}

describe('MixedOrdering', () => {
  it.each([
    ['today', '2026-06-10', true],
    ['yesterday', '2026-06-09', true],
    ['three days ago', '2026-06-07', false],
    ['never', undefined, false],
    ['at no readable time', 'lately', false],
  ])('a version without an order that consumed %s: %p is %p', async (_, day, expected) => {
    expect(await mixedOrdering(day).subject.isMixed()).toBe(expected);
  });

  it('asks once a minute', async () => {
    const { subject, readTags, pass } = mixedOrdering('2026-06-10');
    await Promise.all([subject.isMixed(), subject.isMixed()]);
    pass(59_000);
    await subject.isMixed();
    expect(readTags).toHaveBeenCalledTimes(1);
    pass(1_000);
    await subject.isMixed();
    expect(readTags).toHaveBeenCalledTimes(2);
  });

  it('is not mixed where the tags cannot be read', async () => {
    const subject = new MixedOrdering({ readTags: () => Promise.reject(new Error('no')) });
    expect(await subject.isMixed()).toBe(false);
  });
});
