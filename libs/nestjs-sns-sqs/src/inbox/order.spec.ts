import { claimOf } from './held-claim.js';
import { Order } from './order.js';

const RULES = {
  ordering: 'sequential',
  gapTimeoutMs: 60_000,
  onGapTimeout: 'dead-letter',
  onInvalidSequence: 'dead-letter',
  leaseMs: 30_000,
} as const;

/** What is the subject's position, and for how long the event has waited for what is between. */
async function place(sequence: string, position: string, waitedMs: number, isMixed: boolean | undefined) {
  const metadata = { id: 'a', source: 'users', type: 't', subject: 'ada', sequence };
  const claim = claimOf({ metadata, data: undefined }, { queue: 'q', namespace: 'q' }, RULES, 0);
  const ends: string[] = [];
  const counts = { older: 0, early: 0, overGap: 0, unavailable: 0 };
  const order = new Order({
    queue: 'q',
    rules: RULES,
    claims: {
      done: () => ends.push('done') > 0,
      release: (_, reason) => Promise.resolve(void ends.push(reason)),
    },
    room: { callIn: () => undefined },
    health: { failed: () => undefined },
    counts,
    isMixed: () => Promise.resolve(isMixed),
    onBrokenRecord: (_, error) => ({ kind: 'failed', error }),
  });
  const gap = { waitedMs, lowest: sequence, lowestSeenMs: 0 };
  const { kind, ...rest } = await order.place(claim, { status: 'claimed', attempt: 1, position, gap });
  return { verdict: 'why' in rest ? `${kind}: ${rest.why}` : kind, ends, counts };
}

describe('an event that another version may have handled before', () => {
  it.each([
    ['a gap that has timed out, in this version alone', '7', false, 'failed', []],
    ['a gap that has timed out, beside another version', '7', true, 'run', []],
    ['a gap that has timed out, and nobody can tell now', '7', undefined, 'wait: unavailable', ['unstarted']],
    ['an older event, in this version alone', '3', false, 'skip: older', ['done']],
    ['an older event, beside another version', '3', true, 'run', []],
    ['an older event, and nobody can tell now', '3', undefined, 'wait: unavailable', ['unstarted']],
  ])('%s', async (_, sequence, isMixed, verdict, ends) => {
    const found = await place(sequence, '5', 60_000, isMixed);
    expect([found.verdict, found.ends]).toEqual([verdict, ends]);
    expect(found.counts.unavailable).toBe(isMixed === undefined ? 1 : 0);
  });
});
