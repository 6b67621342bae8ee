import { earlyLetter, type LetterFacts, type WrittenRun } from './soak/early-letters.js';
import type { Ledger } from './soak/ledger.js';
import { judge, type Effect } from './soak/verdict.js';

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

describe('a soak finds what was done after a later one of its subject or group', () => {
  const lineOf = (what: Effect['what'], version: string, pid: number): Effect => ({
    what,
    at: 0,
    pid,
    release: 1,
    queue: 'user-directory-on-user-events',
    id: `e${version}`,
    message: `m${version}`,
    subject: 'u',
    version,
  });
  const violationsOf = (effects: Effect[]) =>
    judge({
      ledger: { accepted: new Map(), letters: new Map(), left: [] } as unknown as Ledger,
      effects,
      published: [],
      kills: [],
      told: [],
      outages: [],
      mails: [],
      remembered: new Set(),
    }).violations.filter(text => /was done after|was overtaken/.test(text));

  it('by the lines of handlers that returned', () => {
    expect(violationsOf([lineOf('done', '4', 2), lineOf('done', '3', 1)])).toHaveLength(1);
    expect(violationsOf([lineOf('done', '3', 1), lineOf('done', '4', 2)])).toEqual([]);
  });

  it('by their marks, where handlers make them in transactions and return later', () => {
    const marks = [lineOf('marked', '3', 1), lineOf('marked', '4', 2)];
    expect(violationsOf([...marks, lineOf('done', '4', 2), lineOf('done', '3', 1)])).toEqual([]);
    expect(violationsOf([...marks.toReversed(), lineOf('done', '3', 1), lineOf('done', '4', 2)])).toHaveLength(1);
  });

  it('in groups too', () => {
    const inGroup = (effect: Effect): Effect => ({
      ...effect,
      queue: 'q.fifo',
      group: 'g',
      sequence: effect.version ?? '',
    });
    const done = [lineOf('done', '4', 2), lineOf('done', '3', 1)].map(inGroup);
    expect(violationsOf(done)).toEqual(['q.fifo g: m3 was overtaken']);
    expect(violationsOf([inGroup(lineOf('marked', '3', 1)), ...done])).toEqual([]);
  });

  it('but not by a mark that was rolled back', () => {
    const first = [lineOf('marked', '3', 1), lineOf('failed', '3', 1)];
    const next = [lineOf('marked', '4', 2), lineOf('done', '4', 2)];
    expect(violationsOf([...first, ...next, lineOf('marked', '3', 1), lineOf('done', '3', 1)])).toHaveLength(1);
    expect(violationsOf([...first, ...next, lineOf('done', '3', 1)])).toHaveLength(1);
  });
});
