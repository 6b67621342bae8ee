import type { Input } from '../input.js';
import { type BatchOutput, CoreDriver, MINUTE, refusalCode } from '../../../test/core-driver.js';

const RAW = { RawMessageDelivery: 'true' };

/** SNS Developer Guide: sns-fifo-topics, fifo-message-dedup, fifo-topic-message-ordering. */
describe('a FIFO topic (sns-fifo-topics)', () => {
  let core: CoreDriver;
  let topic: string;
  let queue: string;

  beforeEach(() => {
    core = new CoreDriver();
    topic = core.createTopic('t.fifo');
    queue = core.subscribedQueue(topic, 'q.fifo', RAW);
  });

  const publish = (Message: string, MessageDeduplicationId?: string, MessageGroupId = 'g', more: Input = {}) =>
    core.publish(topic, Message, {
      MessageGroupId,
      ...(MessageDeduplicationId && { MessageDeduplicationId }),
      ...more,
    });

  it('answers with a sequence number of 20 digits that rises (Publish API)', () => {
    const sequence = ['1', '2', '3'].map(id => publish('x', id).SequenceNumber ?? '');
    expect(sequence.every(number => /^\d{20}$/.test(number))).toBe(true);
    expect(new Set(sequence).size).toBe(3);
    expect(sequence).toEqual(sequence.toSorted());
  });

  it("delivers in order, with the publisher's group (fifo-topic-message-ordering)", () => {
    for (const id of ['1', '2', '3']) publish(id, id, 'a');
    expect(core.receive(queue).map(({ Body, Attributes }) => [Body, Attributes?.['MessageGroupId']])).toEqual([
      ['1', 'a'],
      ['2', 'a'],
      ['3', 'a'],
    ]);
  });

  it('delivers once what is published twice within 5 minutes, deleted or not (fifo-message-dedup)', () => {
    const first = publish('x', 'd');
    core.delete(queue, core.receiveOne(queue).ReceiptHandle);
    core.advance(5 * MINUTE - 1);
    expect(publish('x', 'd')).toEqual(first);
    expect(core.bodies(queue)).toEqual([]);
    core.advance(1);
    expect(publish('x', 'd').MessageId).not.toBe(first.MessageId);
    expect(core.bodies(queue)).toEqual(['x']);
  });

  it('takes the same id of another topic for another message', () => {
    const other = core.createTopic('other.fifo');
    const first = publish('x', 'd');
    const second = core.publish(other, 'x', { MessageGroupId: 'g', MessageDeduplicationId: 'd' });
    expect(second.MessageId).not.toBe(first.MessageId);
  });

  it('deduplicates by the body where the topic says so, attributes aside (fifo-message-dedup)', () => {
    expect(refusalCode(() => publish('x'))).toBe('InvalidParameter');
    const setting = { AttributeName: 'ContentBasedDeduplication', AttributeValue: 'true' };
    core.sns('SetTopicAttributes', { TopicArn: topic, ...setting });
    const MessageAttributes = { a: { DataType: 'String', StringValue: '1' } };
    expect(publish('x', undefined, 'g', { MessageAttributes }).MessageId).toBe(publish('x').MessageId);
    publish('y');
    expect(core.bodies(queue)).toEqual(['x', 'y']);
  });

  it('hands its deduplication id on, so that the queue needs none of its own (fifo-message-dedup)', () => {
    publish('x', 'd');
    expect(core.receiveOne(queue).Attributes?.['MessageDeduplicationId']).toBe('d');
  });

  it('wants a group for every message (fifo-message-grouping)', () => {
    expect(refusalCode(() => core.publish(topic, 'x', { MessageDeduplicationId: 'd' }))).toBe('InvalidParameter');
  });

  it('numbers and deduplicates the entries of a batch (PublishBatch API)', () => {
    const entry = (Id: string, MessageDeduplicationId: string): Input => ({
      Id,
      Message: Id,
      MessageGroupId: 'g',
      MessageDeduplicationId,
    });
    const PublishBatchRequestEntries = [entry('a', '1'), entry('b', '2'), entry('c', '1')];
    const { Successful = [] } = core.sns('PublishBatch', {
      TopicArn: topic,
      PublishBatchRequestEntries,
    }) as BatchOutput;
    const [a, b, c] = Successful;
    expect(c).toEqual({ ...a, Id: 'c' });
    expect(b?.SequenceNumber).not.toBe(a?.SequenceNumber);
    expect(core.bodies(queue)).toEqual(['a', 'b']);
  });

  it('writes its sequence number into the wrapper', () => {
    const wrapped = core.subscribedQueue(topic, 'wrapped.fifo');
    const { MessageId, SequenceNumber } = publish('x', 'd');
    expect(JSON.parse(core.receiveOne(wrapped).Body)).toMatchObject({ MessageId, SequenceNumber, Message: 'x' });
  });
});
