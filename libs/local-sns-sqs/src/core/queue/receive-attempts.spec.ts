import { Broker } from '../broker.js';
import type { Call, Output } from '../operation.js';
import { SQS_OPERATIONS } from '../sqs/operations.js';
import { VirtualClock } from '../virtual-clock.js';

const CALL: Call = { origin: 'http://local', gone: false, onGone: () => undefined, onUndelivered: () => undefined };
const QueueUrl = 'http://local/000000000000/q.fifo';

describe('ReceiveRequestAttemptId (ReceiveMessage API)', () => {
  const rig = () => {
    const clock = new VirtualClock();
    const broker = new Broker({ clock, seed: 1, region: 'us-east-1', accountId: '000000000000' });
    const run = (operation: string, input: object): Output =>
      SQS_OPERATIONS.get(operation)?.(broker, { ...input }, CALL) as Output;
    const send = (id: string) =>
      run('SendMessage', { QueueUrl, MessageBody: id, MessageGroupId: id, MessageDeduplicationId: id });
    const receive = (attempt: string) => {
      const input = { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 30, ReceiveRequestAttemptId: attempt };
      return (run('ReceiveMessage', input)['Messages'] ?? []) as Array<{ Body: string; ReceiptHandle: string }>;
    };
    run('CreateQueue', { QueueName: 'q.fifo', Attributes: { FifoQueue: 'true' } });
    return { clock, run, send, receive };
  };

  it('gives the same messages and handles again, and begins their timeouts anew', () => {
    const { clock, send, receive } = rig();
    send('a');
    const first = receive('one');
    clock.advance(20_000);
    expect(receive('one')).toEqual(first);
    clock.advance(20_000);
    expect(receive('two')).toEqual([]);
    clock.advance(10_000);
    expect(receive('two')).toHaveLength(1);
  });

  it('is another receive under another id', () => {
    const { send, receive } = rig();
    send('a');
    expect(receive('one')).toHaveLength(1);
    expect(receive('two')).toEqual([]);
  });

  it('receives anew once one of the messages was deleted, or became visible', () => {
    const { clock, run, send, receive } = rig();
    send('a');
    const [message] = receive('one');
    run('DeleteMessage', { QueueUrl, ReceiptHandle: message?.ReceiptHandle });
    send('b');
    expect(receive('one').map(({ Body }) => Body)).toEqual(['b']);
    clock.advance(31_000);
    expect(receive('one')[0]?.ReceiptHandle).not.toBe(message?.ReceiptHandle);
  });

  it('is forgotten after five minutes', () => {
    const { clock, run, send, receive } = rig();
    send('a');
    const [message] = receive('one');
    run('ChangeMessageVisibility', { QueueUrl, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout: 600 });
    clock.advance(5 * 60 * 1000);
    expect(receive('one')).toEqual([]);
  });

  it('is refused with characters that AWS does not take', () => {
    expect(() => rig().receive('not allowed')).toThrow(/ReceiveRequestAttemptId/);
  });
});
