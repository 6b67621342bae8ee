import { DeadLetter } from '../../errors/handler-outcomes.js';
import { messageBytes } from '../../envelope/message-size.js';
import type { MessageAttributes } from '../../interfaces/wire.interface.js';
import { deadLetterOf } from './dead-letter.js';
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
      },
    });
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
