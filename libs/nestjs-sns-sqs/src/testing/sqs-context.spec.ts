import { SqsContext } from '../ctx-host/sqs.context.js';
import { sqsContext } from './sqs-context.js';

describe('sqsContext', () => {
  it('is the first attempt of an event where a test says nothing', () => {
    const context = sqsContext();
    expect(context).toBeInstanceOf(SqsContext);
    expect([context.getPattern(), context.getQueue(), context.getAttempt()]).toEqual(['test.event', 'test-queue', 1]);
    expect(context.getMetadata()).toEqual({ id: 'event-1', source: 'test', type: 'test.event' });
    expect([context.isRequest(), context.getSignal().aborted]).toEqual([false, false]);
    expect(context.getMessage().MessageId).toBe('message-1');
  });

  it('says what a test says', () => {
    const { signal } = new AbortController();
    const message = { MessageId: 'm', Body: '{}' };
    const metadata = { subject: 'user-1', tenant: 'acme' };
    const context = sqsContext({ pattern: 'a', queue: 'q', attempt: 5, signal, isRequest: true, message, metadata });
    expect(context.getMetadata()).toEqual({ id: 'event-1', source: 'test', type: 'a', ...metadata });
    expect([context.getPattern(), context.getQueue(), context.getAttempt()]).toEqual(['a', 'q', 5]);
    expect([context.isRequest(), context.getSignal(), context.getMessage()]).toEqual([true, signal, message]);
  });

  it('takes its pattern from the type of the event', () => {
    expect(sqsContext({ metadata: { type: 'user.registered' } }).getPattern()).toBe('user.registered');
  });
});
