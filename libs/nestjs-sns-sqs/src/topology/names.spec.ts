import {
  assertNoNameProblems,
  commandQueue,
  consumerQueue,
  deadLetterQueue,
  domainEventsTopic,
  isFifoName,
  queueNameProblem,
  topicNameProblem,
  withoutPrefix,
  withPrefix,
} from './names.js';

describe('the conventional names', () => {
  it('are made of service, use case and event', () => {
    expect(domainEventsTopic('users')).toBe('users-domain-events');
    expect(commandQueue('users')).toBe('users-async-commands.fifo');
    expect(consumerQueue('send-email', 'user.address.changed')).toBe('send-email-on-user-address-changed');
  });

  it("keep a FIFO queue's ending at the end of its dead letter queue", () => {
    expect(deadLetterQueue('a')).toBe('a-dlq');
    expect(deadLetterQueue('a.fifo')).toBe('a-dlq.fifo');
    expect([isFifoName('a.fifo'), isFifoName('a-fifo')]).toEqual([true, false]);
  });
});

describe('queueNameProblem', () => {
  it.each(['a', 'A_b-9', 'x'.repeat(76), `${'x'.repeat(71)}.fifo`])('accepts %s', name => {
    expect(queueNameProblem(name)).toBeUndefined();
  });

  it.each(['', 'a b', 'a.b', 'ä', '.fifo', 'x'.repeat(81)])('refuses %j', name => {
    expect(queueNameProblem(name)).toContain(JSON.stringify(name));
  });

  it('refuses a name that leaves no room for its dead letter queue', () => {
    expect(queueNameProblem('x'.repeat(77))).toMatch(/x-dlq" \(81 characters\)/);
    expect(queueNameProblem(`${'x'.repeat(72)}.fifo`)).toMatch(/x-dlq\.fifo" \(81 characters\)/);
  });
});

it('topicNameProblem takes 256 characters and no dot', () => {
  expect(topicNameProblem('x'.repeat(256))).toBeUndefined();
  expect(topicNameProblem('x'.repeat(257))).toMatch(/257 characters/);
  expect(topicNameProblem('a.fifo')).toMatch(/"a\.fifo"/);
});

describe('assertNoNameProblems', () => {
  it('says nothing when there is none', () => {
    expect(() => assertNoNameProblems([undefined, undefined])).not.toThrow();
  });

  it('throws all in one error', () => {
    expect(() => assertNoNameProblems(['first', undefined, 'second'])).toThrow(
      expect.objectContaining({
        code: 'INVALID_NAME',
        message: expect.stringMatching(/^first; second\. Remedy/) as string,
        facts: { problems: ['first', 'second'] },
      }) as Error,
    );
  });
});

describe('a name with its prefix', () => {
  it('is the full one, and the short one again without it', () => {
    expect(withPrefix('dev-', 'q')).toBe('dev-q');
    expect(withoutPrefix('dev-', withPrefix('dev-', 'q'))).toBe('q');
  });

  it('cannot be taken for one without', () => {
    // @ts-expect-error a full name gets no prefix
    expect(withPrefix('dev-', withPrefix('dev-', 'q'))).toBe('dev-dev-q');
    // @ts-expect-error a short name has none that could be taken away
    expect(withoutPrefix('dev-', commandQueue('users'))).not.toBe(commandQueue('users'));
  });
});
