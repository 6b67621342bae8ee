import { earlyLetter, type LetterFacts, type WrittenRun } from './soak/early-letters.js';

const MINUTES = 60_000;
const failedAt = (...minutes: number[]): WrittenRun[] =>
  minutes.map(minute => ({ what: 'failed', at: minute * MINUTES }));
const lookAt = (
  { at = 20 * MINUTES, error, reason = 'it failed' }: { at?: number; error?: string; reason?: string },
  runs: WrittenRun[],
  { kills = [], queue = 'q' }: Partial<Pick<LetterFacts, 'kills'>> & { queue?: string } = {},
) =>
  earlyLetter({
    accepted: { queue, id: 'e', type: 't', subject: undefined, version: undefined, at: 0, left: true },
    letter: { at, error, reason },
    runs,
    kills,
  });

describe('a soak finds messages that were dead-lettered too early', () => {
  it('before their time was over', () => {
    expect(lookAt({ at: 14 * MINUTES }, failedAt(0, 1, 3, 6, 13))).toContain('840000 ms after it was sent');
    expect(lookAt({}, failedAt(0, 1, 3, 6, 13))).toBeUndefined();
  });

  it('before their attempts were used up, those among them that died with their processes', () => {
    expect(lookAt({}, failedAt(0, 1, 3, 6))).toContain('after 4 failures and 0 kills');
    expect(lookAt({}, failedAt(0, 1, 3, 6), { kills: [{ pid: 1, at: 13 * MINUTES }] })).toBeUndefined();
    expect(lookAt({}, failedAt(0, 1, 3, 6), { kills: [{ pid: 1, at: 21 * MINUTES }] })).toBeDefined();
    expect(lookAt({ reason: 'longer than handlerTimeoutMs' }, failedAt(0, 1))).toBeUndefined();
  });

  it('but for those whose handler asks for it, and those of a queue with a backoff of its own', () => {
    expect(lookAt({ at: 1, error: 'DeadLetter' }, failedAt(0))).toBeUndefined();
    const mails = { queue: 'notifications-commands.fifo' };
    expect(lookAt({ at: MINUTES }, failedAt(0, 0, 0, 0, 0), mails)).toBeUndefined();
    expect(lookAt({ at: 1_000 }, failedAt(0, 0, 0, 0, 0), mails)).toContain('1000 ms after it was sent');
  });
});
