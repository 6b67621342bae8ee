import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { hostileValues } from '../../test/hostile-values.js';
import { errorText, fromAwsError, isQueueMissing, isTopicMissing } from './aws-errors.js';
import { outcomeOf } from './handler-outcomes.js';
import { isError, json, peek, thrownName, thrownText } from './thrown.js';

const anything = fc.anything({
  withBigInt: true,
  withNullPrototype: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withObjectString: true,
  withSparseArray: true,
  withTypedArray: true,
});
const anyError = fc
  .record({ message: anything, name: anything, stack: anything, cause: anything, errors: anything, code: anything })
  .map(fields => Object.assign(new Error('x'), fields));

const readers: Array<[string, (thrown: unknown) => unknown]> = [
  ['thrownText', thrownText],
  ['thrownName', thrownName],
  ['errorText', errorText],
  ['fromAwsError', thrown => fromAwsError(thrown, 'Receive', 'q').message],
  ['isQueueMissing', isQueueMissing],
  ['isTopicMissing', isTopicMissing],
  ['outcomeOf', outcomeOf],
  ['isError', isError],
];

describe.each(readers)('%s', (_, read) => {
  it('reads whatever may be thrown', () => {
    fc.assert(
      fc.property(fc.oneof(anything, anyError), thrown => {
        expect(() => read(thrown)).not.toThrow();
      }),
    );
  });

  it.each(hostileValues())('reads %s', (_, thrown) => {
    expect(() => read(thrown)).not.toThrow();
  });
});

describe('thrownText', () => {
  it('is a text of a length that can be logged, and never empty', () => {
    fc.assert(
      fc.property(fc.oneof(anything, anyError), thrown => {
        const text = thrownText(thrown);
        expect(typeof text).toBe('string');
        expect(text.length).toBeGreaterThan(0);
        expect(text.length).toBeLessThanOrEqual(8_001);
      }),
    );
  });

  it.each<[string, unknown, string]>([
    ['a list for a message', Object.assign(new Error('x'), { message: ['a', 'b'] }), '["a","b"]'],
    ['an object for a message', Object.assign(new Error('x'), { message: { why: 1n } }), '{"why":"1"}'],
    ['no message', Object.assign(new TypeError('x'), { message: undefined }), 'TypeError'],
    ['an error of another realm', runInNewContext('new RangeError("far away")'), 'far away'],
    ['an empty text', '', 'an empty text was thrown'],
    ['an AggregateError', new AggregateError([new Error('refused')]), 'refused'],
    ['nothing at all', Object.create(null), '{}'],
  ])('tells %s', (_, thrown, text) => {
    expect(thrownText(thrown)).toBe(text);
  });
});

describe('outcomeOf', () => {
  it.each([Number.NaN, Infinity, -1, 43_201, '5', undefined])('takes no RetryLater in %s seconds', seconds => {
    const forged = { [Symbol.for('nestjs-sns-sqs.outcome')]: 'retry-later', seconds };
    expect(outcomeOf(forged)).toEqual({ kind: 'failed' });
  });
});

describe('peek and json', () => {
  it('give nothing where reading throws', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(peek(proxy, 'message')).toBeUndefined();
    expect(json(proxy)).toBeUndefined();
    expect(json(() => 1)).toBeUndefined();
  });
});
