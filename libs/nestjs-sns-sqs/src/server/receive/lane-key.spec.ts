import { decodeBody } from '../../envelope/decode.js';
import type { SqsMessage } from '../../interfaces/wire.interface.js';
import { Delivery } from '../delivery.js';
import { hasLowerSequence, laneKeyOf } from './lane-key.js';

const decode = ({ Body = '' }: SqsMessage) => decodeBody(Body);
const delivery = (event: object, group?: string): Delivery =>
  new Delivery(
    { Body: JSON.stringify(event), ...(group !== undefined && { Attributes: { MessageGroupId: group } }) },
    0,
    0,
  );
const event = (source: string, subject?: string): object => ({
  specversion: '1.0',
  id: 'e',
  type: 't',
  source,
  ...(subject !== undefined && { subject }),
});

describe('laneKeyOf', () => {
  const bySubject = laneKeyOf(false, { laneBy: 'subject' }, decode);

  it('is one lane for the events of one subject of one source', () => {
    expect(bySubject(delivery(event('orders', '42')))).toBe(bySubject(delivery(event('orders', '42'))));
  });

  it.each([
    ['another source', event('users', '42')],
    ['another subject', event('orders', '43')],
    ['a source and a subject that meet elsewhere', event('orders:4', '2')],
  ])('is another lane for %s', (_, other) => {
    expect(bySubject(delivery(other))).not.toBe(bySubject(delivery(event('orders', '42'))));
  });

  it('is none without a subject, for a body that cannot be read, and where none is asked for', () => {
    expect(bySubject(delivery(event('orders')))).toBeUndefined();
    expect(bySubject(new Delivery({ Body: '{' }, 0, 0))).toBeUndefined();
    expect(laneKeyOf(false, { laneBy: 'none' }, decode)(delivery(event('orders', '42')))).toBeUndefined();
  });

  it('is the group on FIFO queues', () => {
    expect(laneKeyOf(true, { laneBy: 'none' }, decode)(delivery(event('orders', '42'), 'g'))).toBe('g');
  });
});

describe('hasLowerSequence', () => {
  const numbered = (sequence?: string): Delivery => {
    const each = delivery({ ...event('orders', '42'), ...(sequence !== undefined && { sequence }) });
    void each.decode(decode);
    return each;
  };

  it.each([
    ['2', '10', true],
    ['10', '2', false],
    ['2', '2', false],
    ['9007199254740993', '9007199254740994', true],
    ['x', '2', false],
    ['2', 'x', false],
    [undefined, '2', false],
  ])('%p before %p: %p', (one, other, isBefore) => {
    expect(hasLowerSequence(numbered(one), numbered(other))).toBe(isBefore);
  });
});
