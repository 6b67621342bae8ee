import { Broker } from '../broker.js';
import type { Input } from '../input.js';
import type { Call, Output } from '../operation.js';
import { VirtualClock } from '../virtual-clock.js';
import { SNS_OPERATIONS } from './operations.js';

const CALL: Call = { origin: 'http://local', gone: false, onGone: () => undefined, onUndelivered: () => undefined };
const KIB_256 = 262_144;

function rig(Name = 'events', attributes: Input = {}) {
  const clock = new VirtualClock();
  const broker = new Broker({ clock, seed: 1, region: 'us-east-1', accountId: '000000000000' });
  const run = (operation: string, input: Input): Output =>
    SNS_OPERATIONS.get(operation)?.(broker, input, CALL) as Output;
  const type = Name.endsWith('.fifo') ? { FifoTopic: 'true' } : {};
  const { TopicArn } = run('CreateTopic', { Name, Attributes: { ...type, ...attributes } });
  const publish = (input: Input = {}): Output => run('Publish', { TopicArn, Message: 'hello', ...input });
  const batch = (...entries: Input[]): Output => run('PublishBatch', { TopicArn, PublishBatchRequestEntries: entries });
  return { clock, run, publish, batch };
}

const refusal = (code: string): Error => expect.objectContaining({ code }) as Error;
const text = (StringValue: string): Input => ({ DataType: 'String', StringValue });
const ids = (group: string, deduplication: string): Input => ({
  MessageGroupId: group,
  MessageDeduplicationId: deduplication,
});

describe('Publish (Publish API)', () => {
  it('answers with an id, and on FIFO with a sequence number', () => {
    expect(rig().publish()).toEqual({ MessageId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string });
    expect(rig('events.fifo').publish(ids('g', 'd'))).toMatchObject({
      SequenceNumber: expect.stringMatching(/^\d{20}$/) as string,
    });
  });

  it.each([
    ['no message', { Message: undefined }, 'InvalidParameter'],
    ['an empty message', { Message: '' }, 'InvalidParameter'],
    ['a control character', { Message: 'a\u0001' }, 'InvalidParameter'],
    ['a subject of two lines', { Subject: 'a\nb' }, 'InvalidParameter'],
    ['an empty subject', { Subject: '' }, 'InvalidParameter'],
    ['a subject with a control character', { Subject: 'a\u0007' }, 'InvalidParameter'],
    ['a subject of 101 characters', { Subject: 'x'.repeat(101) }, 'InvalidParameter'],
    ['an attribute without a value', { MessageAttributes: { a: { DataType: 'String' } } }, 'ParameterValueInvalid'],
    ['a deduplication id on a standard topic', { MessageDeduplicationId: 'd' }, 'InvalidParameter'],
    ['an unknown structure', { MessageStructure: 'xml' }, 'InvalidParameter'],
    ['a structure without a default', { MessageStructure: 'json', Message: '{"sqs":"x"}' }, 'InvalidParameter'],
    ['a structure that is no JSON', { MessageStructure: 'json' }, 'InvalidParameter'],
    ['a phone number', { PhoneNumber: '+490000' }, 'InvalidParameter'],
    ['what is no ARN', { TopicArn: 'events' }, 'InvalidParameter'],
    ['a topic that is not there', { TopicArn: 'arn:aws:sns:us-east-1:000000000000:none' }, 'NotFound'],
  ])('refuses %s', (_, input, code) => {
    expect(() => rig().publish(input)).toThrow(refusal(code));
  });

  it('takes a subject of any language', () => {
    expect(() => rig().publish({ Subject: 'Grüße 🙂' })).not.toThrow();
  });

  it('counts UTF-8 bytes of message and attributes against 256 KiB', () => {
    const { publish } = rig();
    expect(() => publish({ Message: 'x'.repeat(KIB_256) })).not.toThrow();
    expect(() => publish({ Message: `${'x'.repeat(KIB_256 - 1)}ü` })).toThrow(refusal('InvalidParameter'));
    const beside = { Message: 'x'.repeat(KIB_256 - 8), MessageAttributes: { a: text('b') } };
    expect(() => publish(beside)).not.toThrow();
    expect(() => publish({ ...beside, MessageAttributes: { a: text('bc') } })).toThrow(refusal('InvalidParameter'));
  });

  it("keeps to the topic's own limit, up to 1 MiB", () => {
    const { publish } = rig('events', { MaximumMessageSize: '1048576' });
    expect(() => publish({ Message: 'x'.repeat(1_048_576) })).not.toThrow();
    expect(() => publish({ Message: 'x'.repeat(1_048_577) })).toThrow(refusal('InvalidParameter'));
  });

  it('wants a group and a deduplication id on a FIFO topic', () => {
    const { publish } = rig('events.fifo');
    expect(() => publish({ MessageDeduplicationId: 'd' })).toThrow(refusal('InvalidParameter'));
    expect(() => publish({ MessageGroupId: 'g' })).toThrow(refusal('InvalidParameter'));
    expect(() => rig('e.fifo', { ContentBasedDeduplication: 'true' }).publish({ MessageGroupId: 'g' })).not.toThrow();
  });

  it('answers a second publish as the first, for five minutes', () => {
    const { clock, publish } = rig('events.fifo');
    const first = publish(ids('g', 'd'));
    clock.advance(299_999);
    expect(publish(ids('g', 'd'))).toEqual(first);
    clock.advance(1);
    expect(publish(ids('g', 'd')).MessageId).not.toBe(first.MessageId);
  });

  it('deduplicates by topic, or by group where the topic says so', () => {
    const sameInBothGroups = (attributes: Input): boolean => {
      const { publish } = rig('events.fifo', attributes);
      return publish(ids('a', 'd')).MessageId === publish(ids('b', 'd')).MessageId;
    };
    expect(sameInBothGroups({})).toBe(true);
    expect(sameInBothGroups({ FifoThroughputScope: 'MessageGroup' })).toBe(false);
  });
});

describe('PublishBatch (PublishBatch API)', () => {
  const entry = (Id: string, Message = 'a'): Input => ({ Id, Message });

  it('lets each entry succeed or fail by itself', () => {
    expect(rig().batch(entry('good'), entry('bad', ''))).toEqual({
      Successful: [{ Id: 'good', MessageId: expect.any(String) as string }],
      Failed: [expect.objectContaining({ Id: 'bad', Code: 'InvalidParameter', SenderFault: true })],
    });
  });

  it('names both lists, empty ones too', () => {
    expect(rig().batch(entry('good'))).toMatchObject({ Failed: [] });
    expect(rig().batch(entry('bad', ''))).toMatchObject({ Successful: [] });
  });

  it('refuses a sum above 256 KiB as a whole', () => {
    const half = 'x'.repeat(KIB_256 / 2);
    expect(() => rig().batch(entry('a', half), entry('b', half))).not.toThrow();
    expect(() => rig().batch(entry('a', half), entry('b', half), entry('c', 'x'))).toThrow(
      refusal('BatchRequestTooLong'),
    );
  });

  it("bounds the sum by the topic's MaximumMessageSize, above and below 256 KiB", () => {
    const half = 'x'.repeat(KIB_256 / 2);
    const three = [entry('a', half), entry('b', half), entry('c', half)];
    expect(() => rig('events', { MaximumMessageSize: '1048576' }).batch(...three)).not.toThrow();
    const small = rig('events', { MaximumMessageSize: '1024' });
    expect(() => small.batch(entry('a', 'x'.repeat(600)), entry('b', 'x'.repeat(600)))).toThrow(
      refusal('BatchRequestTooLong'),
    );
  });

  it.each([
    ['EmptyBatchRequest', []],
    ['TooManyEntriesInBatchRequest', Array.from({ length: 11 }, (_, index) => entry(`${index}`))],
    ['BatchEntryIdsNotDistinct', [entry('a'), entry('a')]],
    ['InvalidBatchEntryId', [entry('a b')]],
  ])('refuses as %s', (code, entries) => {
    expect(() => rig().batch(...entries)).toThrow(refusal(code));
  });
});
