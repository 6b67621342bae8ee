import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { logFailure } from './settlement-report.js';

const attempt = {
  queue: 'q',
  messageId: 'm',
  attempt: 1,
  maxReceiveCount: 5,
  metadata: undefined,
  traceparent: undefined,
};

describe('logFailure', () => {
  it.each([
    [new Error('disk full'), 'disk full'],
    [new Error('The disk is full.'), 'The disk is full'],
    [new SnsSqsError('CLAIM_LOST', { problem: 'It is lost', remedy: 'roll back' }), 'It is lost. Remedy: roll back'],
  ])('goes on in one sentence behind the error: %s', (error, reason) => {
    const lines: string[] = [];
    const note = (line: unknown): void => void lines.push(String(line));

    logFailure({ log: note, warn: note, error: note }, attempt, error, { kind: 'retry', seconds: 2, error });

    expect(lines[0]?.split('\n')[0]).toBe(
      `q: attempt 1 of 5 of message m failed: ${reason}; the next attempt is in 2 s`,
    );
  });
});
