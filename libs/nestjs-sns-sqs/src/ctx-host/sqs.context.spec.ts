import { SqsContext } from './sqs.context.js';

it('SqsContext gives a handler the message, where it came from, and the signal to stop', () => {
  const state = {
    message: { MessageId: 'm' },
    queue: 'dev-q',
    pattern: 'user.registered',
    metadata: { id: '1', source: 'users', type: 'user.registered' },
    attempt: 2,
    signal: new AbortController().signal,
  };
  const context = new SqsContext(state);
  expect(context.getMessage()).toBe(state.message);
  expect(context.getQueue()).toBe('dev-q');
  expect(context.getPattern()).toBe('user.registered');
  expect(context.getMetadata()).toBe(state.metadata);
  expect(context.getAttempt()).toBe(2);
  expect(context.getSignal()).toBe(state.signal);
  expect(context.getArgs()).toEqual([state]);
  expect(context.getArgByIndex(0)).toBe(state);
});
