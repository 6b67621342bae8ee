import { canonicalSequence, orderVerdict, type OrderingRules, type SubjectState } from './sequence-guard.js';

const rules = (changes: Partial<OrderingRules> = {}): OrderingRules => ({
  ordering: 'sequential',
  gapTimeoutMs: 60_000,
  onGapTimeout: 'dead-letter',
  ...changes,
});

describe('canonicalSequence', () => {
  it.each([
    ['0', '0'],
    ['7', '7'],
    ['007', '7'],
    ['9007199254740993', '9007199254740993'],
    ['9'.repeat(40), '9'.repeat(40)],
  ])('takes %s as %s', (text, canonical) => {
    expect(canonicalSequence(text)).toBe(canonical);
  });

  it.each([undefined, '', ' ', '-1', '+1', '1.0', '1e3', '0x1', '١', '1 ', '1\n', 'one', '9'.repeat(41)])(
    'takes %p for none',
    text => {
      expect(canonicalSequence(text)).toBeUndefined();
    },
  );
});

describe('orderVerdict', () => {
  it('runs everything where no order is asked for', () => {
    expect(orderVerdict('1', { position: '5' }, rules({ ordering: 'none' }))).toEqual({ kind: 'run' });
  });

  it.each<[string, SubjectState, string]>([
    ['5', {}, 'run'],
    ['6', { position: '5' }, 'run'],
    ['9', { position: '5' }, 'run'],
    ['5', { position: '5' }, 'run'],
    ['4', { position: '5' }, 'older'],
    ['9', { position: '10' }, 'older'],
    ['9007199254740992', { position: '9007199254740993' }, 'older'],
    ['9007199254740994', { position: '9007199254740993' }, 'run'],
  ])('latest: %s after %p is %s', (sequence, state, kind) => {
    expect(orderVerdict(sequence, state, rules({ ordering: 'latest' })).kind).toBe(kind);
  });

  it.each<[string, SubjectState, number | bigint | undefined, string]>([
    ['5', {}, undefined, 'run'],
    ['1', {}, 1, 'run'],
    ['0', {}, 1, 'older'],
    ['2', {}, 1, 'early'],
    ['18446744073709551617', {}, 18446744073709551617n, 'run'],
    ['6', { position: '5' }, undefined, 'run'],
    ['5', { position: '5' }, undefined, 'older'],
    ['4', { position: '5' }, 1, 'older'],
    ['7', { position: '5' }, undefined, 'early'],
    ['9007199254740994', { position: '9007199254740993' }, undefined, 'run'],
    ['9007199254740995', { position: '9007199254740993' }, undefined, 'early'],
  ])('sequential: %s after %p from %p is %s', (sequence, state, startAt, kind) => {
    expect(orderVerdict(sequence, state, rules({ startAt })).kind).toBe(kind);
  });

  const gap = (waitedMs: number, lowest = '7', lowestSeenMs = 0): SubjectState => ({
    position: '5',
    gap: { waitedMs, lowest, lowestSeenMs },
  });

  it('says what an early one waits for, and whether one before it waits too', () => {
    expect(orderVerdict('7', { position: '5' }, rules())).toEqual({
      kind: 'early',
      expected: '6',
      isLowest: true,
      leftMs: 60_000,
    });
    expect(orderVerdict('9', gap(0), rules())).toEqual({ kind: 'early', expected: '6', isLowest: false });
    expect(orderVerdict('7', gap(1_000), rules())).toMatchObject({ isLowest: true, leftMs: 59_000 });
    expect(orderVerdict('8', gap(0, '9'), rules())).toMatchObject({ expected: '6', isLowest: true });
  });

  it('takes the place of a lowest one that is not seen any more', () => {
    expect(orderVerdict('9', gap(0, '7', 95_000), rules())).toMatchObject({ isLowest: false });
    expect(orderVerdict('9', gap(0, '7', 95_001), rules())).toMatchObject({ isLowest: true });
  });

  it('follows the policy when the gap times out, not before', () => {
    expect(orderVerdict('9', gap(59_999), rules()).kind).toBe('early');
    expect(orderVerdict('9', gap(60_000), rules())).toEqual({ kind: 'gap-timed-out', expected: '6' });
    expect(orderVerdict('9', gap(60_000), rules({ onGapTimeout: 'wait' })).kind).toBe('early');
  });

  it('lets the lowest of those that wait proceed, and the others wait for it', () => {
    const proceeding = rules({ onGapTimeout: 'proceed' });
    expect(orderVerdict('7', gap(60_000), proceeding)).toEqual({ kind: 'run', overGap: true });
    expect(orderVerdict('9', gap(60_000), proceeding)).toEqual({ kind: 'early', expected: '6', isLowest: false });
  });

  it.each(['proceed', 'dead-letter', 'wait'] as const)(
    "starts a subject again of which nothing is known, when its gap times out: '%s'",
    onGapTimeout => {
      const unknown = rules({ startAt: 1, onGapTimeout });
      const waiting = (waitedMs: number) => ({ gap: { waitedMs, lowest: '7', lowestSeenMs: 0 } });
      expect(orderVerdict('7', {}, unknown)).toMatchObject({ kind: 'early', expected: '1', isLowest: true });
      expect(orderVerdict('7', waiting(59_999), unknown)).toMatchObject({ kind: 'early', leftMs: 1 });
      expect(orderVerdict('7', waiting(60_000), unknown)).toEqual({ kind: 'run', overGap: true });
      expect(orderVerdict('9', waiting(60_000), unknown)).toEqual({ kind: 'early', expected: '1', isLowest: false });
    },
  );

  it('runs the missing one whenever it comes while others wait', () => {
    expect(orderVerdict('6', gap(60_000), rules())).toEqual({ kind: 'run' });
  });
});
