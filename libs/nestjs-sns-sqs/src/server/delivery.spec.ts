import { Delivery } from './delivery.js';

const delivery = (attributes: Record<string, string> = {}) =>
  new Delivery({ MessageId: 'm-1', ReceiptHandle: 'h-1', Attributes: attributes }, 1_000, 31_000);

describe('Delivery', () => {
  it('tells what SQS said of the message', () => {
    const { messageId, receiptHandle, groupId, receiveCount } = delivery({
      MessageGroupId: 'g',
      ApproximateReceiveCount: '3',
    });
    expect({ messageId, receiptHandle, groupId, receiveCount }).toEqual({
      messageId: 'm-1',
      receiptHandle: 'h-1',
      groupId: 'g',
      receiveCount: 3,
    });
  });

  it.each(['', '0', '-2', '1.5', 'many'])('counts a receive count of %j as the first receive', count => {
    expect(delivery({ ApproximateReceiveCount: count }).receiveCount).toBe(1);
  });

  it('has empty ids and no group when SQS gave none', () => {
    const bare = new Delivery({}, 0, 0);
    expect([bare.messageId, bare.receiptHandle, bare.groupId, bare.receiveCount]).toEqual(['', '', undefined, 1]);
  });

  it('is settled by the first caller only', () => {
    const one = delivery();
    expect([one.settled, one.claimSettlement(), one.claimSettlement(), one.settled]).toEqual([
      false,
      true,
      false,
      true,
    ]);
  });

  it('cannot be settled once its lease is lost, and says so to the handler', () => {
    const one = delivery();
    const reason = new Error('lost');
    one.loseLease(reason);
    expect(one.leaseLost).toBe(true);
    expect(one.signal.reason).toBe(reason);
    expect(one.claimSettlement()).toBe(false);
  });

  it('can still be settled after its handler was told to stop', () => {
    const one = delivery();
    one.abort(new Error('time is up'));
    expect(one.signal.aborted).toBe(true);
    expect(one.leaseLost).toBe(false);
    expect(one.claimSettlement()).toBe(true);
  });

  it('keeps the first reason to stop', () => {
    const one = delivery();
    const first = new Error('first');
    one.abort(first);
    one.loseLease(new Error('second'));
    expect(one.signal.reason).toBe(first);
  });
});
