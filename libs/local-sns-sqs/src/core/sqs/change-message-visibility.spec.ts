import { Broker } from '../broker.js';
import type { Input } from '../input.js';
import type { Call, Output } from '../operation.js';
import { VirtualClock } from '../virtual-clock.js';
import { SQS_OPERATIONS } from './operations.js';

const CALL: Call = { origin: 'http://local', gone: false, onGone: () => undefined, onUndelivered: () => undefined };
const QueueUrl = 'http://local/000000000000/q';

function rig() {
  const clock = new VirtualClock();
  const broker = new Broker({ clock, seed: 1, region: 'us-east-1', accountId: '000000000000' });
  const run = (operation: string, input: Input = {}): Output => {
    broker.deadlines.runDue();
    return SQS_OPERATIONS.get(operation)?.(broker, { QueueUrl, ...input }, CALL) as Output;
  };
  run('CreateQueue', { QueueName: 'q' });
  const receive = (): string[] => {
    const { Messages = [] } = run('ReceiveMessage', { MaxNumberOfMessages: 10 }) as { Messages?: Output[] };
    return Messages.map(({ ReceiptHandle }) => ReceiptHandle as string);
  };
  const sendAndReceive = (): string => {
    run('SendMessage', { MessageBody: 'a' });
    return receive()[0] ?? '';
  };
  const change = (ReceiptHandle: string, VisibilityTimeout: unknown): Output =>
    run('ChangeMessageVisibility', { ReceiptHandle, VisibilityTimeout });
  return { clock, run, receive, sendAndReceive, change };
}

const refusal = (code: string): Error => expect.objectContaining({ code }) as Error;

describe('ChangeMessageVisibility (ChangeMessageVisibility API)', () => {
  it('counts the new timeout from now', () => {
    const { clock, receive, sendAndReceive, change } = rig();
    const handle = sendAndReceive();
    clock.advance(20_000);
    change(handle, 60);
    clock.advance(59_999);
    expect(receive()).toHaveLength(0);
    clock.advance(1);
    expect(receive()).toHaveLength(1);
  });

  it('shortens it too, and makes a message visible at once with 0', () => {
    const { clock, receive, sendAndReceive, change } = rig();
    change(sendAndReceive(), 1);
    clock.advance(1_000);
    const [handle = ''] = receive();
    change(handle, 0);
    expect(receive()).toHaveLength(1);
  });

  it('refuses once the message is visible again', () => {
    const { clock, sendAndReceive, change } = rig();
    const handle = sendAndReceive();
    clock.advance(30_000);
    expect(() => change(handle, 10)).toThrow(refusal('MessageNotInflight'));
  });

  it('refuses the handle of an earlier receive', () => {
    const { clock, receive, sendAndReceive, change } = rig();
    const old = sendAndReceive();
    clock.advance(30_000);
    const [latest = ''] = receive();
    expect(() => change(old, 10)).toThrow(refusal('MessageNotInflight'));
    expect(change(latest, 10)).toEqual({});
  });

  it('refuses a message that was deleted, and a handle that is none', () => {
    const { run, sendAndReceive, change } = rig();
    const ReceiptHandle = sendAndReceive();
    run('DeleteMessage', { ReceiptHandle });
    expect(() => change(ReceiptHandle, 10)).toThrow(refusal('InvalidParameterValue'));
    expect(() => change('nonsense', 10)).toThrow(refusal('ReceiptHandleIsInvalid'));
  });

  it('allows 12 hours in all, counted from the receive', () => {
    const { clock, sendAndReceive, change } = rig();
    const handle = sendAndReceive();
    expect(change(handle, 43_200)).toEqual({});
    clock.advance(10_000);
    expect(change(handle, 43_190)).toEqual({});
    expect(() => change(handle, 43_191)).toThrow(refusal('InvalidParameterValue'));
  });

  it.each([-1, 43_201])('refuses %i seconds', seconds => {
    const { sendAndReceive, change } = rig();
    expect(() => change(sendAndReceive(), seconds)).toThrow(refusal('InvalidParameterValue'));
  });

  it('refuses no timeout, and a half one', () => {
    const { sendAndReceive, change } = rig();
    const handle = sendAndReceive();
    expect(() => change(handle, undefined)).toThrow(refusal('MissingParameter'));
    expect(() => change(handle, 1.5)).toThrow(refusal('SerializationException'));
  });
});

describe('ChangeMessageVisibilityBatch (ChangeMessageVisibilityBatch API)', () => {
  it('lets each entry succeed or fail by itself', () => {
    const { run, receive, sendAndReceive } = rig();
    const ReceiptHandle = sendAndReceive();
    const Entries = [
      { Id: 'good', ReceiptHandle, VisibilityTimeout: 0 },
      { Id: 'bad', ReceiptHandle: 'nonsense', VisibilityTimeout: 0 },
    ];
    expect(run('ChangeMessageVisibilityBatch', { Entries })).toEqual({
      Successful: [{ Id: 'good' }],
      Failed: [expect.objectContaining({ Id: 'bad', Code: 'ReceiptHandleIsInvalid', SenderFault: true })],
    });
    expect(receive()).toHaveLength(1);
  });
});
