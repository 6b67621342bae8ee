import { CoreDriver, DAY, MINUTE, ORIGIN, refusalCode, SECOND } from '../../../test/core-driver.js';

let core: CoreDriver;

beforeEach(() => {
  core = new CoreDriver();
});

describe('retention (SetQueueAttributes API: MessageRetentionPeriod)', () => {
  it('is 4 days unless the queue says otherwise (sqs-basic-architecture)', () => {
    const queue = core.createQueue('q');
    core.send(queue, 'a');
    core.advance(4 * DAY - 1);
    expect(core.countsOf(queue)).toEqual([1, 0, 0]);
    core.advance(1);
    expect(core.countsOf(queue)).toEqual([0, 0, 0]);
  });

  it('ends for messages in flight too: their handles delete nothing any more, without an error', () => {
    const queue = core.createQueue('q', { MessageRetentionPeriod: '60' });
    core.send(queue, 'a');
    const { ReceiptHandle } = core.receiveOne(queue, { VisibilityTimeout: 600 });
    core.advance(MINUTE);
    expect(core.countsOf(queue)).toEqual([0, 0, 0]);
    core.delete(queue, ReceiptHandle);
  });

  it('follows a change, for messages that are there too', () => {
    const queue = core.createQueue('q');
    core.send(queue, 'a');
    core.advance(2 * MINUTE);
    core.setAttributes(queue, { MessageRetentionPeriod: '180' });
    core.advance(MINUTE - 1);
    expect(core.countsOf(queue)).toEqual([1, 0, 0]);
    core.advance(1);
    expect(core.countsOf(queue)).toEqual([0, 0, 0]);
  });

  it('keeps messages for 1 minute to 14 days (sqs-basic-architecture)', () => {
    for (const MessageRetentionPeriod of ['59', '1209601', '1.5', '']) {
      expect(refusalCode(() => core.createQueue('q', { MessageRetentionPeriod }))).toBe('InvalidAttributeValue');
    }
    core.createQueue('short', { MessageRetentionPeriod: '60' });
    core.createQueue('long', { MessageRetentionPeriod: '1209600' });
  });
});

describe('approximate counts (GetQueueAttributes API)', () => {
  it('tell visible, in flight and delayed messages', () => {
    const queue = core.createQueue('q');
    for (const body of ['a', 'b', 'c']) core.send(queue, body);
    core.send(queue, 'd', { DelaySeconds: 10 });
    const { ReceiptHandle } = core.receiveOne(queue);
    expect(core.countsOf(queue)).toEqual([2, 1, 1]);
    core.delete(queue, ReceiptHandle);
    core.advance(10 * SECOND);
    expect(core.countsOf(queue)).toEqual([3, 0, 0]);
  });
});

describe('PurgeQueue (PurgeQueue API)', () => {
  it('deletes messages in every state, and leaves their handles without effect', () => {
    const queue = core.createQueue('q');
    core.send(queue, 'a');
    core.send(queue, 'b', { DelaySeconds: 10 });
    const { ReceiptHandle } = core.receiveOne(queue);
    core.send(queue, 'c');
    core.sqs('PurgeQueue', { QueueUrl: queue });
    expect(core.countsOf(queue)).toEqual([0, 0, 0]);
    core.advance(MINUTE);
    expect(core.bodies(queue)).toEqual([]);
    core.delete(queue, ReceiptHandle);
  });

  it('is refused within 60 s of the one before: PurgeQueueInProgress', () => {
    const queue = core.createQueue('q');
    core.sqs('PurgeQueue', { QueueUrl: queue });
    core.advance(MINUTE - 1);
    expect(refusalCode(() => core.sqs('PurgeQueue', { QueueUrl: queue }))).toBe('PurgeQueueInProgress');
    core.advance(1);
    core.sqs('PurgeQueue', { QueueUrl: queue });
  });
});

describe('DeleteQueue (DeleteQueue API)', () => {
  it('takes the name for 60 s: QueueDeletedRecently (CreateQueue API)', () => {
    core.sqs('DeleteQueue', { QueueUrl: core.createQueue('q') });
    core.advance(MINUTE - 1);
    expect(refusalCode(() => core.createQueue('q'))).toBe('QueueDeletedRecently');
    core.createQueue('other');
    core.advance(1);
    expect(core.createQueue('q')).toBe(`${ORIGIN}/000000000000/q`);
  });

  it.each(['SendMessage', 'ReceiveMessage', 'GetQueueAttributes', 'PurgeQueue', 'DeleteQueue', 'ListQueueTags'])(
    'leaves nothing behind for %s: QueueDoesNotExist',
    operation => {
      const QueueUrl = core.createQueue('q');
      core.sqs('DeleteQueue', { QueueUrl });
      expect(refusalCode(() => core.sqs(operation, { QueueUrl, MessageBody: 'a' }))).toBe('QueueDoesNotExist');
    },
  );

  it('lets a new queue of the name begin empty, with handles of its own', () => {
    let queue = core.createQueue('q');
    core.send(queue, 'old');
    const { ReceiptHandle } = core.receiveOne(queue);
    core.sqs('DeleteQueue', { QueueUrl: queue });
    core.advance(MINUTE);
    queue = core.createQueue('q');
    core.send(queue, 'new');
    expect(refusalCode(() => core.delete(queue, ReceiptHandle))).toBe('ReceiptHandleIsInvalid');
    expect(core.bodies(queue)).toEqual(['new']);
  });
});
