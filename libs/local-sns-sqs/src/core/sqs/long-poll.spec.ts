import { CoreDriver, refusalCode, SECOND, settled, TestCall } from '../../../test/core-driver.js';

/** SQS Developer Guide: sqs-short-and-long-polling; SQS API: ReceiveMessage. */
describe('long polls (sqs-short-and-long-polling)', () => {
  let core: CoreDriver;
  let queue: string;

  beforeEach(() => {
    core = new CoreDriver();
    queue = core.createQueue('q');
  });

  it('answer at once when there is a message', async () => {
    core.send(queue, 'a');
    const poll = await core.poll(queue);
    expect(poll.messages).toMatchObject([{ Body: 'a' }]);
  });

  it('answer as soon as a message is sent', async () => {
    const poll = await core.poll(queue);
    expect(poll.messages).toBeUndefined();
    core.send(queue, 'a');
    await settled();
    expect(poll.messages).toMatchObject([{ Body: 'a' }]);
  });

  it('answer as soon as a delay is over', async () => {
    core.send(queue, 'a', { DelaySeconds: 5 });
    const poll = await core.poll(queue);
    core.advance(5 * SECOND - 1);
    await settled();
    expect(poll.messages).toBeUndefined();
    core.advance(1);
    await settled();
    expect(poll.messages).toMatchObject([{ Body: 'a' }]);
  });

  it('answer as soon as a visibility timeout is over, or is set to 0', async () => {
    core.send(queue, 'a');
    core.receive(queue, { VisibilityTimeout: 3 });
    const first = await core.poll(queue);
    core.advance(3 * SECOND);
    await settled();
    expect(first.messages).toMatchObject([{ Body: 'a' }]);
    const second = await core.poll(queue);
    core.changeVisibility(queue, first.messages?.[0]?.ReceiptHandle ?? '', 0);
    await settled();
    expect(second.messages).toMatchObject([{ Body: 'a' }]);
  });

  it('answer one waiter only, the one that has waited longest', async () => {
    const [first, second] = [await core.poll(queue), await core.poll(queue)];
    core.send(queue, 'a');
    await settled();
    expect(first.messages).toMatchObject([{ Body: 'a' }]);
    expect(second.messages).toBeUndefined();
    core.send(queue, 'b');
    await settled();
    expect(second.messages).toMatchObject([{ Body: 'b' }]);
  });

  it('end empty when their time is over', async () => {
    const poll = await core.poll(queue, 7);
    core.advance(7 * SECOND - 1);
    await settled();
    expect(poll.messages).toBeUndefined();
    core.advance(1);
    await settled();
    expect(poll.messages).toEqual([]);
  });

  it("wait for the queue's ReceiveMessageWaitTimeSeconds when the call says nothing, and 0 makes them short", async () => {
    core.setAttributes(queue, { ReceiveMessageWaitTimeSeconds: '3' });
    const poll = await core.poll(queue, undefined, { WaitTimeSeconds: undefined });
    expect(poll.messages).toBeUndefined();
    core.advance(3 * SECOND);
    await settled();
    expect(poll.messages).toEqual([]);
    expect(core.receive(queue, { WaitTimeSeconds: 0 })).toEqual([]);
  });

  it('are at most 20 s, and take 1 to 10 messages (ReceiveMessage API)', () => {
    for (const bad of [
      { WaitTimeSeconds: -1 },
      { WaitTimeSeconds: 21 },
      { MaxNumberOfMessages: 0 },
      { MaxNumberOfMessages: 11 },
    ]) {
      expect(refusalCode(() => core.receive(queue, bad))).toBe('InvalidParameterValue');
    }
  });

  it('give nothing to a caller that is gone: the next one gets the message, as if for the first time', async () => {
    const [gone, there] = [await core.poll(queue), await core.poll(queue)];
    gone.call.hangUp();
    core.send(queue, 'a');
    await settled();
    expect(gone.messages).toEqual([]);
    expect(there.messages).toMatchObject([{ Body: 'a' }]);
    core.advance(30 * SECOND);
    expect(core.receiveOne(queue).Attributes?.['ApproximateReceiveCount']).toBe('2');
  });

  it('give nothing to a caller that was gone before', () => {
    core.send(queue, 'a');
    const call = new TestCall();
    call.hangUp();
    expect(core.receive(queue, {}, call)).toEqual([]);
    expect(core.bodies(queue)).toEqual(['a']);
  });

  it('take back what could not be delivered', () => {
    core.send(queue, 'a');
    const call = new TestCall();
    core.receive(queue, {}, call);
    expect(core.countsOf(queue)).toEqual([0, 1, 0]);
    call.loseAnswer();
    expect(core.receiveOne(queue).Attributes?.['ApproximateReceiveCount']).toBe('1');
  });

  it('end empty when the queue is deleted', async () => {
    const poll = await core.poll(queue);
    core.sqs('DeleteQueue', { QueueUrl: queue });
    await settled();
    expect(poll.messages).toEqual([]);
  });

  it('give a FIFO group to one waiter, and the rest of it to the next once it is deleted', async () => {
    const fifo = core.createQueue('q.fifo');
    const [first, second] = [await core.poll(fifo), await core.poll(fifo)];
    core.sendToGroup(fifo, 'g', 'a');
    core.sendToGroup(fifo, 'g', 'b');
    await settled();
    expect(first.messages).toMatchObject([{ Body: 'a' }]);
    expect(second.messages).toBeUndefined();
    core.delete(fifo, first.messages?.[0]?.ReceiptHandle ?? '');
    await settled();
    expect(second.messages).toMatchObject([{ Body: 'b' }]);
  });
});
