import { CoreDriver, MINUTE, refusalCode, SECOND } from '../../../test/core-driver.js';

let core: CoreDriver;
let queue: string;

beforeEach(() => {
  core = new CoreDriver();
  queue = core.createQueue('q.fifo');
});

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index + 1));

/** SQS Developer Guide: FIFO-queues-understanding-logic and using-messagegroupid-property. */
describe('order (FIFO-queues-understanding-logic)', () => {
  it('is that of sending, in a group', () => {
    for (const body of numbers(5)) core.sendToGroup(queue, 'g', body);
    expect(core.bodies(queue)).toEqual(numbers(5));
  });

  it('gives up to ten of one group in a receive, and the rest when these are deleted', () => {
    for (const body of numbers(12)) core.sendToGroup(queue, 'g', body);
    const ten = core.receive(queue);
    expect(ten.map(({ Body }) => Body)).toEqual(numbers(10));
    for (const { ReceiptHandle } of ten.slice(1)) core.delete(queue, ReceiptHandle);
    expect(core.bodies(queue)).toEqual([]);
    core.delete(queue, ten[0]?.ReceiptHandle ?? '');
    expect(core.bodies(queue)).toEqual(['11', '12']);
  });

  it('gives nothing of a group behind a message that is in flight, of other groups it does', () => {
    core.sendToGroup(queue, 'a', 'a1');
    core.sendToGroup(queue, 'a', 'a2');
    core.sendToGroup(queue, 'b', 'b1');
    expect(core.bodies(queue, { MaxNumberOfMessages: 1 })).toEqual(['a1']);
    expect(core.bodies(queue)).toEqual(['b1']);
    expect(core.bodies(queue)).toEqual([]);
  });

  it('gives the same message again, before the others of its group, when its visibility timeout is over', () => {
    core.sendToGroup(queue, 'g', 'a');
    core.sendToGroup(queue, 'g', 'b');
    core.receiveOne(queue);
    core.advance(30 * SECOND);
    expect(core.bodies(queue)).toEqual(['a', 'b']);
  });

  it('gives a message that became visible again although a later one is in flight (sqs-visibility-timeout)', () => {
    for (const body of numbers(3)) core.sendToGroup(queue, 'g', body);
    const [one, two] = core.receive(queue, { MaxNumberOfMessages: 2 });
    core.changeVisibility(queue, one?.ReceiptHandle ?? '', 0);
    const [again] = core.receive(queue);
    expect(again?.Body).toBe('1');
    core.delete(queue, again?.ReceiptHandle ?? '');
    expect(core.bodies(queue)).toEqual([]);
    core.delete(queue, two?.ReceiptHandle ?? '');
    expect(core.bodies(queue)).toEqual(['3']);
  });

  it('keeps a group locked for messages that are sent meanwhile', () => {
    core.sendToGroup(queue, 'g', 'a');
    core.receive(queue);
    core.sendToGroup(queue, 'g', 'b');
    expect(core.bodies(queue)).toEqual([]);
    core.advance(30 * SECOND);
    expect(core.bodies(queue)).toEqual(['a', 'b']);
  });

  it('shows in sequence numbers that rise (SendMessage API)', () => {
    for (const body of numbers(3)) core.sendToGroup(queue, body, body);
    const sequence = core.receive(queue).map(({ Attributes }) => BigInt(Attributes?.['SequenceNumber'] ?? 0));
    expect(sequence).toHaveLength(3);
    expect(sequence).toEqual(sequence.toSorted((a, b) => (a < b ? -1 : 1)));
    expect(String(sequence[0])).toHaveLength(20);
  });

  it('needs a MessageGroupId (SendMessage API)', () => {
    expect(refusalCode(() => core.send(queue, 'a', { MessageDeduplicationId: 'd' }))).toBe('MissingParameter');
  });

  it('refuses to delete by a handle whose visibility timeout is over (DeleteMessage API)', () => {
    core.sendToGroup(queue, 'g', 'a');
    const { ReceiptHandle } = core.receiveOne(queue);
    core.advance(30 * SECOND);
    expect(refusalCode(() => core.delete(queue, ReceiptHandle))).toBe('InvalidParameterValue');
    expect(core.bodies(queue)).toEqual(['a']);
  });
});

/** SQS Developer Guide: using-messagededuplicationid-property and FIFO-queues-exactly-once-processing. */
describe('deduplication (using-messagededuplicationid-property)', () => {
  const send = (MessageDeduplicationId: string | undefined, MessageBody = 'x', MessageGroupId = 'g') =>
    core.send(queue, MessageBody, { MessageGroupId, ...(MessageDeduplicationId && { MessageDeduplicationId }) });
  const count = (): number => core.countsOf(queue)[0] ?? 0;

  it('accepts a message again within 5 minutes without delivering it, and answers as the first time', () => {
    const first = send('d', 'one');
    core.advance(5 * MINUTE - 1);
    const second = send('d', 'two');
    expect([second.MessageId, second.SequenceNumber]).toEqual([first.MessageId, first.SequenceNumber]);
    expect(core.bodies(queue)).toEqual(['one']);
  });

  it('takes it for another message after 5 minutes', () => {
    const first = send('d');
    core.advance(5 * MINUTE);
    expect(send('d').MessageId).not.toBe(first.MessageId);
    expect(count()).toBe(2);
  });

  it('goes on after the message was received and deleted', () => {
    send('d');
    core.delete(queue, core.receiveOne(queue).ReceiptHandle);
    send('d');
    expect(core.bodies(queue)).toEqual([]);
  });

  it('is by queue: the same id in another group is the same message (SetQueueAttributes API: DeduplicationScope)', () => {
    send('d', 'x', 'a');
    send('d', 'x', 'b');
    expect(count()).toBe(1);
  });

  it('is by group where the queue says so (high-throughput-fifo)', () => {
    core.setAttributes(queue, { DeduplicationScope: 'messageGroup' });
    send('d', 'x', 'a');
    send('d', 'x', 'b');
    send('d', 'y', 'b');
    expect(count()).toBe(2);
  });

  it('needs an id, unless it is by content', () => {
    expect(refusalCode(() => send(undefined))).toBe('InvalidParameterValue');
  });

  it('by content looks at the body, not at the attributes', () => {
    core.setAttributes(queue, { ContentBasedDeduplication: 'true' });
    const MessageAttributes = { a: { DataType: 'String', StringValue: '1' } };
    core.send(queue, 'x', { MessageGroupId: 'g' });
    core.send(queue, 'x', { MessageGroupId: 'g', MessageAttributes });
    core.send(queue, 'y', { MessageGroupId: 'g' });
    const messages = core.receive(queue);
    expect(messages.map(({ Body }) => Body)).toEqual(['x', 'y']);
    const sha256OfX = '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881';
    expect(messages[0]?.Attributes?.['MessageDeduplicationId']).toBe(sha256OfX);
  });

  it('by content gives way to an id that is sent', () => {
    core.setAttributes(queue, { ContentBasedDeduplication: 'true' });
    send('1');
    send('2');
    expect(count()).toBe(2);
  });
});
