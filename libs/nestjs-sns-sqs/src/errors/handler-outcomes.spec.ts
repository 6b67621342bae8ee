import { DeadLetter, Discard, outcomeOf, RetryLater } from './handler-outcomes.js';

const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

describe('RetryLater', () => {
  it('says how long, and why in its own words when it is given none', () => {
    const error = new RetryLater(30);
    expect([error.seconds, error.message, error.name]).toEqual([30, 'retry in 30 s', 'RetryLater']);
  });

  it('keeps a reason and a cause', () => {
    const cause = new Error('503');
    expect(new RetryLater(0, 'the bank is away', { cause })).toMatchObject({ message: 'the bank is away', cause });
  });

  it.each([0, 0.5, 43_200])('takes %d seconds', seconds => {
    expect(() => new RetryLater(seconds)).not.toThrow();
  });

  it.each([-1, 43_201, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d seconds', seconds => {
    expect(() => new RetryLater(seconds)).toThrow(RangeError);
  });
});

describe('outcomes', () => {
  it.each([
    ['RetryLater', new RetryLater(1), { kind: 'retry-later', seconds: 1 }],
    ['DeadLetter', new DeadLetter('no'), { kind: 'dead-letter' }],
    ['Discard', new Discard('no'), { kind: 'discard' }],
    ['another error', new Error('no'), { kind: 'failed' }],
    ['nothing', undefined, { kind: 'failed' }],
    ['null', null, { kind: 'failed' }],
    ['a text', 'Discard', { kind: 'failed' }],
    ['a proxy that was revoked', revoked(), { kind: 'failed' }],
  ])('%s is taken for itself only', (_, thrown, expected) => {
    expect(outcomeOf(thrown)).toEqual(expected);
  });

  it('are errors, so that a log shows where they were thrown', () => {
    expect(new Discard('seen before')).toBeInstanceOf(Error);
    expect(new DeadLetter('no').stack).toContain('handler-outcomes.spec');
  });

  it("are known when they come from the library's other build", () => {
    expect(outcomeOf({ [Symbol.for('nestjs-sns-sqs.outcome')]: 'discard' })).toEqual({ kind: 'discard' });
  });
});
