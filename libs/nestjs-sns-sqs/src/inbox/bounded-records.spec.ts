import { BoundedRecords, type Forgettable } from './bounded-records.js';

interface Named extends Forgettable {
  inUse: boolean;
}

function recordsOf(max: number) {
  const forgotten: number[] = [];
  const records = new BoundedRecords<Named>({
    max,
    isInUse: ({ inUse }) => inUse,
    onForget: () => forgotten.push(records.size),
  });
  const put = (id: string, inUse = false): void => records.put(id, { forgetAt: Infinity, inUse }, 0);
  const known = (...ids: string[]): string[] => ids.filter(id => records.get(id, 0) !== undefined);
  return { records, forgotten, put, known };
}

describe('BoundedRecords', () => {
  it('forgets those that were not used for longest, also after long use', () => {
    const { records, put, known } = recordsOf(3);
    for (let round = 0; round < 50; round += 1) for (const id of ['a', 'b', 'c', 'd', 'e']) put(id);

    expect(known('a', 'b', 'c', 'd', 'e')).toEqual(['c', 'd', 'e']);
    expect(records.size).toBe(3);
  });

  it('keeps one that was used again, and forgets the one after it', () => {
    const { put, known } = recordsOf(3);
    ['a', 'b', 'c', 'd'].forEach(id => put(id));
    put('b');
    put('e');

    expect(known('b', 'c', 'd', 'e')).toEqual(['b', 'd', 'e']);
  });

  it('keeps what is in use, and begins anew at the first after the last', () => {
    const { put, known } = recordsOf(2);
    put('held', true);
    ['a', 'b', 'c', 'd', 'e', 'f'].forEach(id => put(id));

    expect(known('held', 'd', 'e', 'f')).toEqual(['held', 'f']);
  });

  it('goes on where all are in use, and shrinks when they are not', () => {
    const { records, put, known } = recordsOf(2);
    const held = ['a', 'b', 'c', 'd', 'e'];
    held.forEach(id => put(id, true));
    expect(records.size).toBe(5);

    held.forEach(id => put(id));
    put('f');
    expect(records.size).toBe(2);
    expect(known('e', 'f')).toEqual(['e', 'f']);
  });

  it('forgets the oldest also after a time in which there was room', () => {
    const { records, put, known } = recordsOf(3);
    ['a', 'b', 'c', 'd'].forEach(id => put(id));
    for (let round = 0; round < 10; round += 1) {
      put('x');
      records.delete('x');
    }
    ['e', 'f', 'g'].forEach(id => put(id));

    expect(known('b', 'c', 'd', 'e', 'f', 'g')).toEqual(['e', 'f', 'g']);
  });

  it('keeps one that was used after an eighth of the others came, wherever it was put before', () => {
    const { records, known } = recordsOf(16);
    const put = (id: string): Named => {
      const record = { forgetAt: Infinity, inUse: false };
      records.add(id, record, 0);
      return record;
    };
    const early = put('early');
    put('a');
    records.use('early', early, 0);
    // It was put a moment ago, and stays where it is; now it is an eighth of all behind.
    put('b');
    records.use('early', early, 0);
    for (let n = 0; n < 14; n += 1) put(`more-${n}`);

    expect(known('early', 'a', 'b', 'more-0')).toEqual(['early', 'b', 'more-0']);
  });

  it('remembers where one in use was put behind', () => {
    const { records, known } = recordsOf(2);
    const held = { forgetAt: Infinity, inUse: true };
    records.add('held', held, 0);
    for (const id of ['a', 'b', 'c']) records.put(id, { forgetAt: Infinity, inUse: false }, 0);
    held.inUse = false;
    records.use('held', held, 0);
    records.put('d', { forgetAt: Infinity, inUse: false }, 0);

    expect(known('held', 'c', 'd')).toEqual(['held', 'd']);
  });

  it('tells of what was forgotten before its time only', () => {
    const { records, forgotten, put } = recordsOf(1);
    records.put('over', { forgetAt: 1, inUse: false }, 0);
    records.put('a', { forgetAt: Infinity, inUse: false }, 5);
    expect(forgotten).toHaveLength(0);
    put('b');
    expect(forgotten).toHaveLength(1);
  });
});
