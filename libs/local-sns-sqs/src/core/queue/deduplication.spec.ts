import { Deduplication } from './deduplication.js';

const FIVE_MINUTES = 5 * 60 * 1000;

describe('Deduplication (FIFO-key-terms)', () => {
  it('knows what was sent for five minutes, counted from the sending', () => {
    const memory = new Deduplication();
    memory.remember('a', 'm-1', '100', 1_000);
    expect(memory.find('a', 1_000)).toMatchObject({ messageId: 'm-1', sequenceNumber: '100' });
    expect(memory.find('a', 1_000 + FIVE_MINUTES - 1)).toBeDefined();
    expect(memory.find('a', 1_000 + FIVE_MINUTES)).toBeUndefined();
  });

  it('does not know what was never sent', () => {
    const memory = new Deduplication();
    memory.remember('a', 'm-1', '100', 0);
    expect(memory.find('b', 0)).toBeUndefined();
  });

  it('remembers a second sending from its own time on', () => {
    const memory = new Deduplication();
    memory.remember('a', 'm-1', '100', 0);
    memory.remember('a', 'm-2', '200', FIVE_MINUTES);
    expect(memory.find('a', FIVE_MINUTES * 2 - 1)?.messageId).toBe('m-2');
  });

  it('sweeps only what is over', () => {
    const memory = new Deduplication();
    memory.remember('old', 'm-1', '100', 0);
    memory.remember('young', 'm-2', '200', FIVE_MINUTES);
    const later = FIVE_MINUTES + 10_000;
    expect(memory.find('old', later)).toBeUndefined();
    expect(memory.find('young', later)?.messageId).toBe('m-2');
  });
});
