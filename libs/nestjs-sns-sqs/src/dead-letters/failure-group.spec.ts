import { failureGroup, withoutVariables } from './failure-group.js';

const failure = { type: 'order.placed', reason: 'no', error: 'Error', frame: undefined };

describe('withoutVariables', () => {
  it.each([
    ['user 42 is unknown', 'user <n> is unknown'],
    ['order 6f1e9a52-0c3d-4d7e-8a5b-1f2e3d4c5b6a', 'order <id>'],
    ['no mail to ada@example.com', 'no mail to <email>'],
    ['key ord_8fk3x9 is taken', 'key <id> is taken'],
    ['late since 2026-01-02T03:04:05.678Z', 'late since <time>'],
    ['two\n  lines', 'two lines'],
    ['plain words', 'plain words'],
  ])('%j is %j', (message, expected) => {
    expect(withoutVariables(message)).toBe(expected);
  });

  it('takes no time for texts of strangers', () => {
    // CPU time: the machine may be busy.
    const started = process.cpuUsage();
    for (const text of ['a'.repeat(1_000), 'a@'.repeat(500), '1'.repeat(1_000), 'a1-'.repeat(400)]) {
      withoutVariables(text);
    }
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(500);
  });
});

describe('failureGroup', () => {
  it('is the same for the same fault, and another for another', () => {
    const key = (changes: object): string => failureGroup({ ...failure, ...changes }).key;
    expect(key({ reason: 'user 1 is unknown' })).toBe(key({ reason: 'user 2 is unknown' }));
    const keys = [{}, { type: 'other' }, { error: 'TypeError' }, { reason: 'yes' }, { frame: 'a (b.ts)' }].map(key);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('says of a letter without a reason that SQS moved it', () => {
    expect(failureGroup({ ...failure, reason: undefined, error: undefined })).toMatchObject({
      error: 'MovedBySqs',
      message: '',
    });
  });
});
