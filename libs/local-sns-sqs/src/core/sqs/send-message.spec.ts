import { Broker } from '../broker.js';
import type { Input } from '../input.js';
import type { Call, Output } from '../operation.js';
import { VirtualClock } from '../virtual-clock.js';
import { SQS_OPERATIONS } from './operations.js';

const CALL: Call = { origin: 'http://local', gone: false, onGone: () => undefined, onUndelivered: () => undefined };
const MIB = 1_048_576;

function rig(QueueName = 'q', attributes: Record<string, string> = {}) {
  const clock = new VirtualClock();
  const broker = new Broker({ clock, seed: 1, region: 'us-east-1', accountId: '000000000000' });
  const run = (operation: string, input: Input = {}): Output => {
    broker.deadlines.runDue();
    const QueueUrl = `http://local/000000000000/${QueueName}`;
    return SQS_OPERATIONS.get(operation)?.(broker, { QueueUrl, ...input }, CALL) as Output;
  };
  const type = QueueName.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
  run('CreateQueue', { QueueName, Attributes: { ...type, ...attributes } });
  const send = (input: Input = {}): Output => run('SendMessage', { MessageBody: 'a', ...input });
  const batch = (...Entries: Input[]): Output => run('SendMessageBatch', { Entries });
  const received = (): Output[] => {
    const input = { MaxNumberOfMessages: 10, AttributeNames: ['All'] };
    return (run('ReceiveMessage', input) as { Messages?: Output[] }).Messages ?? [];
  };
  return { clock, send, batch, received };
}

const refusal = (code: string): Error => expect.objectContaining({ code }) as Error;
const text = (StringValue: string): Input => ({ DataType: 'String', StringValue });

describe('SendMessage (SendMessage API)', () => {
  it('answers with an id and the checksums that SDKs verify', () => {
    const { send } = rig();
    const timestamp = { DataType: 'Number', StringValue: '1493147359900' };
    expect(send({ MessageBody: 'This is a test message', MessageAttributes: { timestamp } })).toEqual({
      MessageId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      MD5OfMessageBody: 'fafb00f5732ab283681e124bf8747ed1',
      MD5OfMessageAttributes: '235c5c510d26fb653d073faed50ae77c',
    });
  });

  it('keeps the body as it is, emoji and all', () => {
    const { send, received } = rig();
    const MessageBody = 'grün 漢字 🎉\n\t"quoted"';
    send({ MessageBody });
    expect(received()[0]?.Body).toBe(MessageBody);
  });

  it.each([
    ['no body', { MessageBody: undefined }, 'MissingParameter'],
    ['an empty body', { MessageBody: '' }, 'MissingParameter'],
    ['a control character', { MessageBody: 'a\u0001' }, 'InvalidMessageContents'],
    ['U+FFFF', { MessageBody: 'a\uFFFF' }, 'InvalidMessageContents'],
    ['a number as the body', { MessageBody: 1 }, 'SerializationException'],
    ['a delay above 15 minutes', { DelaySeconds: 901 }, 'InvalidParameterValue'],
    ['a negative delay', { DelaySeconds: -1 }, 'InvalidParameterValue'],
    ['a deduplication id on a standard queue', { MessageDeduplicationId: 'd' }, 'InvalidParameterValue'],
    ['a group with a blank', { MessageGroupId: 'a b' }, 'InvalidParameterValue'],
    ['a group of 129 characters', { MessageGroupId: 'g'.repeat(129) }, 'InvalidParameterValue'],
  ])('refuses %s', (_, input, code) => {
    expect(() => rig().send(input)).toThrow(refusal(code));
  });

  it('takes ten attributes, not eleven', () => {
    const { send } = rig();
    const attributes = (count: number): Input =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, text('x')]));
    expect(() => send({ MessageAttributes: attributes(10) })).not.toThrow();
    expect(() => send({ MessageAttributes: attributes(11) })).toThrow(refusal('InvalidParameterValue'));
  });

  it('counts UTF-8 bytes of body and attributes against 1 MiB', () => {
    const { send } = rig();
    expect(() => send({ MessageBody: 'x'.repeat(MIB) })).not.toThrow();
    expect(() => send({ MessageBody: `${'x'.repeat(MIB - 1)}ü` })).toThrow(refusal('InvalidParameterValue'));
    const beside = { MessageBody: 'x'.repeat(MIB - 8), MessageAttributes: { a: text('b') } };
    expect(() => send(beside)).not.toThrow();
    expect(() => send({ ...beside, MessageAttributes: { a: text('bc') } })).toThrow(refusal('InvalidParameterValue'));
  });

  it("keeps to the queue's own limit", () => {
    const { send } = rig('q', { MaximumMessageSize: '1024' });
    expect(() => send({ MessageBody: 'x'.repeat(1_024) })).not.toThrow();
    expect(() => send({ MessageBody: 'x'.repeat(1_025) })).toThrow(refusal('InvalidParameterValue'));
  });

  it("takes the message's delay before the queue's", () => {
    const { clock, send, received } = rig('q', { DelaySeconds: '60' });
    send({ MessageBody: 'now', DelaySeconds: 0 });
    send({ MessageBody: 'soon', DelaySeconds: 5 });
    send({ MessageBody: 'late' });
    expect(received().map(({ Body }) => Body)).toEqual(['now']);
    clock.advance(5_000);
    expect(received().map(({ Body }) => Body)).toEqual(['soon']);
    clock.advance(54_999);
    expect(received().filter(({ Body }) => Body === 'late')).toEqual([]);
    clock.advance(1);
    expect(received().map(({ Body }) => Body)).toContain('late');
  });

  it('keeps a group on a standard queue, without order', () => {
    const { send, received } = rig();
    send({ MessageGroupId: 'tenant' });
    send({ MessageGroupId: 'tenant' });
    expect(received()).toHaveLength(2);
  });

  it('carries a trace header', () => {
    const { send, received } = rig();
    send({ MessageSystemAttributes: { AWSTraceHeader: text('Root=1') } });
    expect(received()[0]?.Attributes).toMatchObject({ AWSTraceHeader: 'Root=1' });
    expect(() => send({ MessageSystemAttributes: { Other: text('x') } })).toThrow(refusal('InvalidParameterValue'));
  });
});

describe('SendMessage to a FIFO queue (FIFO-queues-exactly-once-processing)', () => {
  const ids = (group: string, deduplication: string): Input => ({
    MessageGroupId: group,
    MessageDeduplicationId: deduplication,
  });

  it.each([
    ['no group', { MessageDeduplicationId: 'd' }, 'MissingParameter'],
    ['no deduplication id', { MessageGroupId: 'g' }, 'InvalidParameterValue'],
    ['a delay of its own', { ...ids('g', 'd'), DelaySeconds: 1 }, 'InvalidParameterValue'],
  ])('refuses %s', (_, input, code) => {
    expect(() => rig('q.fifo').send(input)).toThrow(refusal(code));
  });

  it('gives rising sequence numbers', () => {
    const { send } = rig('q.fifo');
    const [first, second] = ['1', '2'].map(id => BigInt(send(ids('g', id)).SequenceNumber as string));
    expect(second).toBeGreaterThan(first ?? 0n);
  });

  it('answers a second sending as the first, for five minutes, and keeps one', () => {
    const { clock, send, received } = rig('q.fifo');
    const first = send(ids('g', 'd'));
    clock.advance(299_999);
    expect(send({ ...ids('other', 'd'), MessageBody: 'other' })).toMatchObject({
      MessageId: first.MessageId,
      SequenceNumber: first.SequenceNumber,
    });
    expect(received()).toHaveLength(1);
    clock.advance(1);
    expect(send(ids('g', 'd')).MessageId).not.toBe(first.MessageId);
  });

  it('deduplicates by group where the queue says so', () => {
    const { send, received } = rig('q.fifo', { DeduplicationScope: 'messageGroup' });
    for (const group of ['a', 'b', 'a']) send(ids(group, 'd'));
    expect(received().map(({ Attributes }) => (Attributes as Input).MessageGroupId)).toEqual(['a', 'b']);
  });

  it('deduplicates by the body where the queue says so', () => {
    const { send, received } = rig('q.fifo', { ContentBasedDeduplication: 'true' });
    for (const MessageBody of ['a', 'b', 'a']) send({ MessageBody, MessageGroupId: 'g' });
    send({ MessageBody: 'a', ...ids('g', 'its-own') });
    expect(received().map(({ Body }) => Body)).toEqual(['a', 'b', 'a']);
  });
});

describe('SendMessageBatch (SendMessageBatch API)', () => {
  const entry = (Id: string, MessageBody = 'a'): Input => ({ Id, MessageBody });

  it('lets each entry succeed or fail by itself', () => {
    const { batch, received } = rig();
    expect(batch(entry('good', 'kept'), entry('empty', ''), { ...entry('late'), DelaySeconds: 901 })).toMatchObject({
      Successful: [{ Id: 'good' }],
      Failed: [
        { Id: 'empty', Code: 'MissingParameter', SenderFault: true },
        { Id: 'late', Code: 'InvalidParameterValue', SenderFault: true },
      ],
    });
    expect(received().map(({ Body }) => Body)).toEqual(['kept']);
  });

  it('refuses a sum above 1 MiB as a whole', () => {
    const { batch, received } = rig();
    const half = 'x'.repeat(MIB / 2);
    expect(() => batch(entry('a', half), entry('b', half), entry('c', 'x'))).toThrow(refusal('BatchRequestTooLong'));
    expect(received()).toEqual([]);
    expect(batch(entry('a', half), entry('b', half))).toMatchObject({ Successful: [{ Id: 'a' }, { Id: 'b' }] });
  });

  it('keeps the order of its entries in a FIFO group', () => {
    const { batch, received } = rig('q.fifo', { ContentBasedDeduplication: 'true' });
    const bodies = Array.from({ length: 10 }, (_, index) => `m-${index}`);
    batch(...bodies.map(body => ({ ...entry(body, body), MessageGroupId: 'g' })));
    expect(received().map(({ Body }) => Body)).toEqual(bodies);
  });
});
