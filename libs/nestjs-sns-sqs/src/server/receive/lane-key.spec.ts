import { decodeBody } from '../../envelope/decode.js';
import type { SqsMessage } from '../../interfaces/wire.interface.js';
import { Delivery } from '../delivery.js';
import { laneKeyOf } from './lane-key.js';

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
