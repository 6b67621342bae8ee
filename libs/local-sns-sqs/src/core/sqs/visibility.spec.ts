import { CoreDriver, HOUR, MINUTE, refusal, refusalCode, SECOND } from '../../../test/core-driver.js';

let core: CoreDriver;
let queue: string;

beforeEach(() => {
  core = new CoreDriver();
  queue = core.createQueue('q');
});

/** SQS Developer Guide: sqs-visibility-timeout. */
describe('visibility timeout (sqs-visibility-timeout)', () => {
  it('hides a received message for 30 s by default, to the millisecond', () => {
    core.send(queue, 'a');
    expect(core.bodies(queue)).toEqual(['a']);
    core.advance(30 * SECOND - 1);
    expect(core.bodies(queue)).toEqual([]);
    core.advance(1);
    expect(core.bodies(queue)).toEqual(['a']);
  });

  it("is the queue's, unless the receive says another", () => {
    core.setAttributes(queue, { VisibilityTimeout: '5' });
    core.send(queue, 'a');
    core.receive(queue);
    core.advance(5 * SECOND);
    expect(core.bodies(queue, { VisibilityTimeout: 60 })).toEqual(['a']);
    core.advance(59 * SECOND);
    expect(core.bodies(queue)).toEqual([]);
    core.advance(SECOND);
    expect(core.bodies(queue)).toEqual(['a']);
  });

  it('stays as it was for messages in flight when the queue is changed', () => {
    core.send(queue, 'a');
    core.receive(queue);
    core.setAttributes(queue, { VisibilityTimeout: '1' });
    core.advance(29 * SECOND);
    expect(core.bodies(queue)).toEqual([]);
    core.advance(SECOND);
    expect(core.bodies(queue)).toEqual(['a']);
  });

  it('counts receives, keeps the first time of them, and gives another handle each time', () => {
    core.send(queue, 'a');
    const first = core.receiveOne(queue);
    const receivedAt = String(core.clock.now());
    core.advance(30 * SECOND);
    const second = core.receiveOne(queue);
    expect(second.MessageId).toBe(first.MessageId);
    expect(second.ReceiptHandle).not.toBe(first.ReceiptHandle);
    expect(first.Attributes).toMatchObject({ ApproximateReceiveCount: '1' });
    expect(second.Attributes).toMatchObject({
      ApproximateReceiveCount: '2',
      ApproximateFirstReceiveTimestamp: receivedAt,
      SentTimestamp: receivedAt,
    });
  });

  it('is bounded to 0 to 43200 s in a receive (ReceiveMessage API)', () => {
    for (const VisibilityTimeout of [-1, 43_201]) {
      expect(refusalCode(() => core.receive(queue, { VisibilityTimeout }))).toBe('InvalidParameterValue');
    }
    core.send(queue, 'a');
    expect(core.bodies(queue, { VisibilityTimeout: 43_200 })).toEqual(['a']);
  });

  it('lets a message be received again at once when it is 0', () => {
    core.send(queue, 'a');
    expect(core.bodies(queue, { VisibilityTimeout: 0 })).toEqual(['a']);
    core.advance(0);
    expect(core.bodies(queue)).toEqual(['a']);
  });
});

/** SQS API: ChangeMessageVisibility. */
describe('ChangeMessageVisibility (ChangeMessageVisibility API)', () => {
  it('counts from the call on, not from the receive', () => {
    core.send(queue, 'a');
    const { ReceiptHandle } = core.receiveOne(queue);
    core.advance(20 * SECOND);
    core.changeVisibility(queue, ReceiptHandle, 60);
    core.advance(60 * SECOND - 1);
    expect(core.bodies(queue)).toEqual([]);
    core.advance(1);
    expect(core.bodies(queue)).toEqual(['a']);
  });

  it('makes the message visible at once with 0', () => {
    core.send(queue, 'a');
    core.changeVisibility(queue, core.receiveOne(queue).ReceiptHandle, 0);
    expect(core.bodies(queue)).toEqual(['a']);
  });

  it('keeps the total since the receive at 12 hours', () => {
    core.send(queue, 'a');
    const { ReceiptHandle } = core.receiveOne(queue, { VisibilityTimeout: 43_200 });
    core.advance(HOUR);
    const { code, message } = refusal(() => core.changeVisibility(queue, ReceiptHandle, 11 * 3_600 + 1));
    expect(code).toBe('InvalidParameterValue');
    expect(message).toContain('Total VisibilityTimeout for the message is beyond the limit [43200 seconds]');
    core.changeVisibility(queue, ReceiptHandle, 11 * 3_600);
    core.advance(11 * HOUR - 1);
    expect(core.bodies(queue)).toEqual([]);
    core.advance(1);
    expect(core.bodies(queue)).toEqual(['a']);
  });

  it('takes 0 to 43200 s', () => {
    core.send(queue, 'a');
    const { ReceiptHandle } = core.receiveOne(queue);
    for (const seconds of [-1, 43_201]) {
      expect(refusalCode(() => core.changeVisibility(queue, ReceiptHandle, seconds))).toBe('InvalidParameterValue');
    }
    core.changeVisibility(queue, ReceiptHandle, 43_200);
  });

  it('refuses a message that is not in flight any more: MessageNotInflight', () => {
    core.send(queue, 'a');
    const { ReceiptHandle } = core.receiveOne(queue);
    core.advance(MINUTE);
    expect(refusalCode(() => core.changeVisibility(queue, ReceiptHandle, 10))).toBe('MessageNotInflight');
  });

  it('refuses a handle that is none, and one of another queue: ReceiptHandleIsInvalid', () => {
    const other = core.createQueue('other');
    core.send(other, 'a');
    const { ReceiptHandle } = core.receiveOne(other);
    for (const handle of ['nonsense', ReceiptHandle]) {
      expect(refusalCode(() => core.changeVisibility(queue, handle, 10))).toBe('ReceiptHandleIsInvalid');
    }
  });

  it('refuses a message that is deleted: InvalidParameterValue', () => {
    core.send(queue, 'a');
    const { ReceiptHandle } = core.receiveOne(queue);
    core.delete(queue, ReceiptHandle);
    expect(refusalCode(() => core.changeVisibility(queue, ReceiptHandle, 10))).toBe('InvalidParameterValue');
  });

  it('changes some of a batch and tells which not (ChangeMessageVisibilityBatch API)', () => {
    core.send(queue, 'a');
    const { ReceiptHandle } = core.receiveOne(queue);
    const Entries = [
      { Id: 'good', ReceiptHandle, VisibilityTimeout: 0 },
      { Id: 'bad', ReceiptHandle: 'nonsense', VisibilityTimeout: 0 },
    ];
    expect(core.sqs('ChangeMessageVisibilityBatch', { QueueUrl: queue, Entries })).toEqual({
      Successful: [{ Id: 'good' }],
      Failed: [expect.objectContaining({ Id: 'bad', Code: 'ReceiptHandleIsInvalid', SenderFault: true })],
    });
    expect(core.bodies(queue)).toEqual(['a']);
  });
});
