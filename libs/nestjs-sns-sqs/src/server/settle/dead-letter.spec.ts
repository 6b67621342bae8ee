import { DeadLetter } from '../../errors/handler-outcomes.js';
import { messageBytes } from '../../envelope/message-size.js';
import type { MessageAttributes } from '../../interfaces/wire.interface.js';
import { deadLetterFacts, deadLetterOf } from './dead-letter.js';
import { Delivery } from '../delivery.js';

const now = new Date('2026-03-04T05:06:07.000Z');
const standard = { name: 'q', fifo: false };
const text = (value: string) => ({ DataType: 'String', StringValue: value });
const attributesNumbering = (count: number): MessageAttributes =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`own-${at}`, text(`value ${at}`)]));
const delivery = (changes: { Body?: string; MessageAttributes?: MessageAttributes; MessageId?: string } = {}) =>
  new Delivery({ MessageId: 'm-1', Body: '{"a":1}', Attributes: { MessageGroupId: 'g' }, ...changes }, 0, 0);
const copyOf = (original = delivery(), error: unknown = new Error('no'), queue = standard) =>
  deadLetterOf(original, queue, 3, error, now);

describe('deadLetterOf', () => {
  it('copies body and attributes, and adds reason, attempts and origin', () => {
    const copy = copyOf(delivery({ MessageAttributes: { type: text('user.registered') } }));
    expect(copy).toEqual({
      body: '{"a":1}',
      attributes: {
        type: text('user.registered'),
        'deadletter.reason': text('no'),
        'deadletter.error': text('Error'),
        'deadletter.attempts': text('3'),
        'deadletter.queue': text('q'),
        'deadletter.message-id': text('m-1'),
        'deadletter.time': text('2026-03-04T05:06:07.000Z'),
        'deadletter.frame': text('copyOf (libs/nestjs-sns-sqs/src/server/settle/dead-letter.spec.ts)'),
      },
      groupId: 'g',
    });
  });

  it('keeps the tenant of a fair queue, and has no group where the message had none', () => {
    expect(copyOf()).toMatchObject({ groupId: 'g' });
    expect(copyOf(new Delivery({ MessageId: 'm-1', Body: '{}' }, 0, 0))).not.toHaveProperty('groupId');
  });

  it('keeps its group on FIFO, and is deduplicated by the id of the original', () => {
    const copy = copyOf(undefined, undefined, { name: 'q.fifo', fifo: true });
    expect(copy).toMatchObject({ groupId: 'g', deduplicationId: 'm-1' });
  });

  it('adds the details of the error', () => {
    const { attributes } = copyOf(undefined, new DeadLetter('no', { cause: new Error('550') }));
    expect(attributes['deadletter.details']).toEqual(text('{"cause":"550"}'));
  });

  it('cuts a reason that is a novel', () => {
    const { attributes } = copyOf(undefined, new Error('x'.repeat(5_000)));
    expect(attributes['deadletter.reason']?.StringValue).toHaveLength(1_000);
  });

  it('puts all into one attribute when the own ones leave no room for each', () => {
    const { attributes } = copyOf(delivery({ MessageAttributes: attributesNumbering(6) }));
    expect(Object.keys(attributes)).toEqual([...Object.keys(attributesNumbering(6)), 'deadletter']);
    expect(JSON.parse(attributes['deadletter']?.StringValue ?? '')).toMatchObject({
      'deadletter.reason': 'no',
      'deadletter.attempts': '3',
    });
  });

  it('never has more than ten attributes, and keeps the text of one that had to go', () => {
    const { attributes } = copyOf(delivery({ MessageAttributes: attributesNumbering(10) }));
    expect(Object.keys(attributes)).toHaveLength(10);
    expect(JSON.parse(attributes['deadletter']?.StringValue ?? '')).toMatchObject({
      attributes: { 'own-9': 'value 9' },
    });
  });

  describe('of a letter that was redriven', () => {
    const bytes = { DataType: 'Binary', BinaryValue: Uint8Array.from([0, 255, 7]) };
    const number = { DataType: 'Number', StringValue: '42' };
    const redriven = (attributes: MessageAttributes, MessageId: string) =>
      delivery({ MessageAttributes: attributes, MessageId });
    const factsOf = (attributes: MessageAttributes) => deadLetterFacts(name => attributes[name]?.StringValue);

    it.each([0, 1, 3, 4, 6, 8, 9, 10])(
      'tells the last failure and the first id, with %i attributes of its own',
      count => {
        const own: MessageAttributes = {
          ...attributesNumbering(Math.max(0, count - 2)),
          ...(count > 1 && { number }),
          ...(count > 0 && { bytes }),
        };
        let attributes = copyOf(redriven(own, 'first'), new Error('one')).attributes;
        for (const round of ['two', 'three', 'four']) {
          const again = deadLetterOf(redriven(attributes, `id ${round}`), standard, 7, new TypeError(round), now);
          attributes = again.attributes;
          expect(Object.keys(attributes).length).toBeLessThanOrEqual(10);
          expect(factsOf(attributes)).toMatchObject({
            'deadletter.reason': round,
            'deadletter.error': 'TypeError',
            'deadletter.attempts': '7',
            'deadletter.message-id': 'first',
          });
          expect(factsOf(attributes)).not.toHaveProperty('deadletter');
        }
        const moved = (factsOf(attributes)['attributes'] ?? {}) as Record<string, unknown>;
        expect(
          Object.keys(attributes).filter(name => !name.startsWith('deadletter')).length + Object.keys(moved).length,
        ).toBe(count);
      },
    );

    it('gives a Binary attribute that had to move its place and bytes back', () => {
      const first = copyOf(redriven({ ...attributesNumbering(9), bytes }, 'first')).attributes;
      expect(factsOf(first)['attributes']).toEqual({ bytes: { DataType: 'Binary', BinaryValue: 'AP8H' } });
      const { deadletter, number: own = number } = first;
      const back = copyOf(redriven({ deadletter: deadletter ?? text(''), number: own }, 'x')).attributes;
      expect([...(back['bytes']?.BinaryValue ?? [])]).toEqual([0, 255, 7]);
      expect(back['number']).toEqual(number);
      expect(back['deadletter.message-id']).toEqual(text('first'));
    });

    it('has no details of the failure before', () => {
      const first = copyOf(undefined, new DeadLetter('no', { cause: new Error('550') })).attributes;
      expect(copyOf(redriven(first, 'x')).attributes).not.toHaveProperty(['deadletter.details']);
    });

    it('takes what somebody else wrote under our name for nothing', () => {
      for (const StringValue of [
        'no JSON',
        '[]',
        'null',
        '{"attributes":7}',
        '{"attributes":{"a":7,"deadletter":"x"}}',
      ]) {
        const { attributes } = copyOf(redriven({ deadletter: text(StringValue) }, 'm-2'));
        expect(attributes['deadletter.message-id']).toEqual(text('m-2'));
        expect(attributes).not.toHaveProperty('a');
      }
    });
  });

  it('leaves out what does not fit into 1 MiB, the reason last', () => {
    const nearlyFull = delivery({ Body: 'x'.repeat(1_048_576 - 40) });
    const { body, attributes } = copyOf(nearlyFull, new DeadLetter('why', { cause: 'because' }));
    expect(Object.keys(attributes)).toEqual(['deadletter.reason']);
    expect(messageBytes(body, attributes)).toBeLessThanOrEqual(1_048_576);
  });

  it('is the bare message when that alone is 1 MiB', () => {
    const full = delivery({ Body: 'x'.repeat(1_048_576) });
    expect(copyOf(full).attributes).toEqual({});
  });

  it('has no attribute without a value, which SQS would refuse', () => {
    const { attributes } = copyOf(delivery({ MessageId: '' }), '');
    for (const { StringValue } of Object.values(attributes)) expect(StringValue).not.toBe('');
  });
});
