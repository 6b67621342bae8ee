import { inspect } from 'node:util';
import { SnsSqsError } from './sns-sqs.error.js';

describe('SnsSqsError', () => {
  it('builds its message from the problem and the remedy, and keeps both as fields', () => {
    const cause = new Error('AWS says no');

    const error = new SnsSqsError('QUEUE_NOT_FOUND', {
      problem: 'The queue orders is missing',
      remedy: 'start its consumer first',
      facts: { queue: 'orders' },
      retryable: true,
      cause,
    });

    expect(error.message).toBe('The queue orders is missing. Remedy: start its consumer first.');
    expect(error).toMatchObject({ problem: 'The queue orders is missing', remedy: 'start its consumer first' });
    expect(error).toMatchObject({ code: 'QUEUE_NOT_FOUND', facts: { queue: 'orders' }, retryable: true, cause });
  });

  it('gives what belongs to the problem a line each', () => {
    const { message, problem } = new SnsSqsError('TOPOLOGY_DIFFERS', {
      problem: 'It differs',
      list: ['a', 'b'],
      remedy: 'mend it',
    });

    expect(message).toBe('It differs:\n- a\n- b\nRemedy: mend it.');
    expect(problem).toBe('It differs:\n- a\n- b');
  });

  it('is printed once: the properties below it repeat no text of the message', () => {
    const error = new SnsSqsError('QUEUE_NOT_FOUND', { problem: 'The queue is missing', remedy: 'start it' });

    expect(Object.keys(error).toSorted()).toEqual(['code', 'facts', 'name', 'retryable']);
    expect(inspect(error).match(/The queue is missing/g)).toHaveLength(1);
    expect(error.problem).toBe('The queue is missing');
  });

  it('takes a whole message too, which is the problem then', () => {
    const error = new SnsSqsError('NO_HANDLER', 'No handler takes it', { facts: { queue: 'orders' } });

    expect(error).toMatchObject({ message: 'No handler takes it', problem: 'No handler takes it', remedy: undefined });
    expect(error).toMatchObject({ facts: { queue: 'orders' }, retryable: false });
    expect('cause' in error).toBe(false);
  });
});
