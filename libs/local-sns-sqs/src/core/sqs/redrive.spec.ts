import type { AwsError } from '../errors.js';
import { CoreDriver, DAY, refusal, SECOND } from '../../../test/core-driver.js';

/** SQS Developer Guide: sqs-dead-letter-queues. */
describe('redrive (sqs-dead-letter-queues)', () => {
  let core: CoreDriver;

  beforeEach(() => {
    core = new CoreDriver();
  });

  const receiveTimes = (queue: string, times: number): number =>
    Array.from({ length: times }, () => core.receive(queue, { VisibilityTimeout: 0 })).filter(
      ({ length }) => length > 0,
    ).length;

  it('moves a message once it has been received more than maxReceiveCount times', () => {
    const dlq = core.createQueue('dlq');
    const queue = core.createQueue('q', core.redriveTo('dlq', 3));
    core.send(queue, 'poison');
    expect(receiveTimes(queue, 3)).toBe(3);
    expect([core.countsOf(queue), core.countsOf(dlq)]).toEqual([
      [1, 0, 0],
      [0, 0, 0],
    ]);
    expect(receiveTimes(queue, 1)).toBe(0);
    expect([core.countsOf(queue), core.countsOf(dlq)]).toEqual([
      [0, 0, 0],
      [1, 0, 0],
    ]);
  });

  it('keeps body, id and attributes, and tells where it came from by DeadLetterQueueSourceArn (ReceiveMessage API)', () => {
    const dlq = core.createQueue('dlq');
    const queue = core.createQueue('q', core.redriveTo('dlq', 1));
    const MessageAttributes = { type: { DataType: 'String', StringValue: 'x' } };
    const { MessageId } = core.send(queue, 'poison', { MessageAttributes });
    expect(core.receiveOne(queue, { VisibilityTimeout: 0 }).Attributes).not.toHaveProperty('DeadLetterQueueSourceArn');
    core.receive(queue);
    expect(core.receiveOne(dlq)).toMatchObject({
      MessageId,
      Body: 'poison',
      MessageAttributes,
      Attributes: { DeadLetterQueueSourceArn: core.queueArn('q') },
    });
  });

  it('counts receives by queue, and shows those of all queues (ReceiveMessage API: ApproximateReceiveCount)', () => {
    core.createQueue('last');
    const second = core.createQueue('second', core.redriveTo('last', 1));
    const first = core.createQueue('first', core.redriveTo('second', 2));
    core.send(first, 'poison');
    expect(receiveTimes(first, 3)).toBe(2);
    expect(core.receiveOne(second, { VisibilityTimeout: 0 }).Attributes?.['ApproximateReceiveCount']).toBe('3');
    expect(core.receive(second)).toEqual([]);
    expect(core.countsOf(second)).toEqual([0, 0, 0]);
  });

  it('gives out the others in the same receive', () => {
    core.createQueue('dlq');
    const queue = core.createQueue('q', core.redriveTo('dlq', 1));
    core.send(queue, 'poison');
    core.receive(queue, { VisibilityTimeout: 0 });
    core.send(queue, 'fresh');
    expect(core.bodies(queue)).toEqual(['fresh']);
  });

  it('follows a change of maxReceiveCount, and ends when the policy is taken away (SetQueueAttributes API)', () => {
    const dlq = core.createQueue('dlq');
    const queue = core.createQueue('q', core.redriveTo('dlq', 1));
    core.send(queue, 'poison');
    receiveTimes(queue, 1);
    core.setAttributes(queue, core.redriveTo('dlq', '5'));
    expect(receiveTimes(queue, 2)).toBe(2);
    core.setAttributes(queue, { RedrivePolicy: '' });
    expect(receiveTimes(queue, 9)).toBe(9);
    expect(core.countsOf(dlq)).toEqual([0, 0, 0]);
  });

  it('wakes a long poll on the dead letter queue', async () => {
    const dlq = core.createQueue('dlq');
    const queue = core.createQueue('q', core.redriveTo('dlq', 1));
    const poll = await core.poll(dlq);
    core.send(queue, 'poison');
    receiveTimes(queue, 2);
    await Promise.resolve();
    expect(poll.messages).toMatchObject([{ Body: 'poison' }]);
  });

  it('lets a standard message expire by the time of its first sending', () => {
    const dlq = core.createQueue('dlq', { MessageRetentionPeriod: String(4 * 86_400) });
    const queue = core.createQueue('q', core.redriveTo('dlq', 1));
    core.send(queue, 'poison');
    core.advance(DAY);
    receiveTimes(queue, 2);
    core.advance(3 * DAY - 1);
    expect(core.countsOf(dlq)).toEqual([1, 0, 0]);
    core.advance(1);
    expect(core.countsOf(dlq)).toEqual([0, 0, 0]);
  });

  it('gives a FIFO message its retention anew', () => {
    const dlq = core.createQueue('dlq.fifo', { MessageRetentionPeriod: String(4 * 86_400) });
    const queue = core.createQueue('q.fifo', core.redriveTo('dlq.fifo', 1));
    core.sendToGroup(queue, 'g', 'poison');
    core.advance(DAY);
    receiveTimes(queue, 2);
    core.advance(4 * DAY - 1);
    expect(core.countsOf(dlq)).toEqual([1, 0, 0]);
    core.advance(1);
    expect(core.countsOf(dlq)).toEqual([0, 0, 0]);
  });

  it('wants a dead letter queue that exists', () => {
    for (const act of [
      () => core.createQueue('q', core.redriveTo('dlq', 1)),
      () => core.setAttributes(core.createQueue('other'), core.redriveTo('dlq', 1)),
    ]) {
      expect(refusal(act)).toMatchObject({
        code: 'InvalidParameterValue',
        message: expect.stringMatching(/does not exist/),
      });
    }
  });

  it.each([
    ['q.fifo', 'dlq'],
    ['q', 'dlq.fifo'],
  ])('refuses %s with %s: FIFO to FIFO, standard to standard', (source, dlq) => {
    core.createQueue(dlq);
    expect(refusal(() => core.createQueue(source, core.redriveTo(dlq, 1)))).toMatchObject({
      code: 'InvalidParameterValue',
      message: expect.stringMatching(/same type/),
    });
  });

  it.each([
    ['allowAll', {}, undefined],
    ['denyAll', {}, 'InvalidParameterValue'],
    ['byQueue', { sourceQueueArns: ['arn:aws:sqs:us-east-1:000000000000:q'] }, undefined],
    ['byQueue', { sourceQueueArns: ['arn:aws:sqs:us-east-1:000000000000:other'] }, 'InvalidParameterValue'],
  ])('asks the RedriveAllowPolicy of the dead letter queue: %s %j', (redrivePermission, more, expected) => {
    core.createQueue('dlq', { RedriveAllowPolicy: JSON.stringify({ redrivePermission, ...more }) });
    let refused: string | undefined;
    try {
      core.createQueue('q', core.redriveTo('dlq', 1));
    } catch (error) {
      refused = (error as AwsError).code;
    }
    expect([refused, core.broker.queues.has('q')]).toEqual([expected, expected === undefined]);
  });

  it('lists the sources of a dead letter queue (ListDeadLetterSourceQueues API)', () => {
    const dlq = core.createQueue('dlq');
    const sources = ['a', 'b'].map(name => core.createQueue(name, core.redriveTo('dlq', 1)));
    core.createQueue('c');
    const first = core.sqs('ListDeadLetterSourceQueues', { QueueUrl: dlq, MaxResults: 1 });
    const second = core.sqs('ListDeadLetterSourceQueues', {
      QueueUrl: dlq,
      MaxResults: 1,
      NextToken: first['NextToken'],
    });
    expect([first['queueUrls'], second]).toEqual([[sources[0]], { queueUrls: [sources[1]] }]);
  });

  it('lets a FIFO group go on behind what is moved away', () => {
    const dlq = core.createQueue('dlq.fifo');
    const queue = core.createQueue('q.fifo', core.redriveTo('dlq.fifo', 1));
    core.sendToGroup(queue, 'g', 'poison');
    core.sendToGroup(queue, 'g', 'next');
    core.receiveOne(queue, { VisibilityTimeout: 5 });
    core.advance(5 * SECOND);
    expect(core.bodies(queue)).toEqual(['next']);
    expect(core.receiveOne(dlq).Attributes).toMatchObject({ MessageGroupId: 'g' });
  });
});
