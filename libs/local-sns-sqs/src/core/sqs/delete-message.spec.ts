import { Broker } from '../broker.js';
import type { Input } from '../input.js';
import type { Call, Output } from '../operation.js';
import { VirtualClock } from '../virtual-clock.js';
import { SQS_OPERATIONS } from './operations.js';

const CALL: Call = { origin: 'http://local', gone: false, onGone: () => undefined, onUndelivered: () => undefined };

function rig(QueueName: string) {
  const clock = new VirtualClock();
  const broker = new Broker({ clock, seed: 1, region: 'us-east-1', accountId: '000000000000' });
  const fifo = QueueName.endsWith('.fifo');
  const run = (operation: string, input: Input = {}): Output => {
    broker.deadlines.runDue();
    const QueueUrl = `http://local/000000000000/${QueueName}`;
    return SQS_OPERATIONS.get(operation)?.(broker, { QueueUrl, ...input }, CALL) as Output;
  };
  run('CreateQueue', { QueueName, Attributes: fifo ? { FifoQueue: 'true' } : {} });
  const ids = fifo ? { MessageGroupId: 'g', MessageDeduplicationId: 'd' } : {};
  run('SendMessage', { MessageBody: 'a', ...ids });
  const receive = (): string => {
    const { Messages = [] } = run('ReceiveMessage') as { Messages?: Output[] };
    return (Messages[0]?.ReceiptHandle as string | undefined) ?? 'none';
  };
  const remove = (ReceiptHandle: string): Output => run('DeleteMessage', { ReceiptHandle });
  const left = (): number => broker.queues.get(QueueName)?.messages.size ?? -1;
  return { clock, run, receive, remove, left };
}

const refusal = (code: string): Error => expect.objectContaining({ code }) as Error;

describe('DeleteMessage (DeleteMessage API)', () => {
  it.each(['q', 'q.fifo'])('removes the message from %s, and is no error twice', name => {
    const { receive, remove, left } = rig(name);
    const handle = receive();
    expect(remove(handle)).toEqual({});
    expect(left()).toBe(0);
    expect(remove(handle)).toEqual({});
  });

  it('deletes a visible message too, by its latest handle, on a standard queue', () => {
    const { clock, receive, remove, left } = rig('q');
    const handle = receive();
    clock.advance(30_000);
    remove(handle);
    expect(left()).toBe(0);
  });

  it('answers an older handle with success and deletes nothing on a standard queue', () => {
    const { clock, receive, remove, left } = rig('q');
    const old = receive();
    clock.advance(30_000);
    receive();
    expect(remove(old)).toEqual({});
    expect(left()).toBe(1);
  });

  it('refuses a handle whose time is over on a FIFO queue', () => {
    const { clock, receive, remove, left } = rig('q.fifo');
    const old = receive();
    clock.advance(30_000);
    expect(() => remove(old)).toThrow(refusal('InvalidParameterValue'));
    receive();
    expect(() => remove(old)).toThrow(refusal('InvalidParameterValue'));
    expect(left()).toBe(1);
  });

  it('refuses what is no handle, and none at all', () => {
    const { remove, run } = rig('q');
    expect(() => remove('nonsense')).toThrow(refusal('ReceiptHandleIsInvalid'));
    expect(() => run('DeleteMessage')).toThrow(refusal('MissingParameter'));
  });
});

describe('DeleteMessageBatch (DeleteMessageBatch API)', () => {
  it('lets each entry succeed or fail by itself', () => {
    const { run, receive, left } = rig('q');
    const Entries = [
      { Id: 'bad', ReceiptHandle: 'nonsense' },
      { Id: 'good', ReceiptHandle: receive() },
    ];
    expect(run('DeleteMessageBatch', { Entries })).toMatchObject({
      Successful: [{ Id: 'good' }],
      Failed: [{ Id: 'bad', Code: 'ReceiptHandleIsInvalid', SenderFault: true }],
    });
    expect(left()).toBe(0);
  });
});
