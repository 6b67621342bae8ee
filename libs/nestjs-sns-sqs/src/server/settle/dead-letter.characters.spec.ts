import { BadRequestException } from '@nestjs/common';
import { deadLetterOf } from './dead-letter.js';
import { Delivery } from '../delivery.js';

/** Even from here, odd from here: one of the two ends in the middle of a pair wherever the text is cut. */
const PREFIXES = ['', 'x'];
/** With the flag u only a half without its other half is one. */
const HALF = /\p{Surrogate}/u;

describe('deadLetterOf', () => {
  const valuesOf = (error: Error): Array<string | undefined> => {
    const delivery = new Delivery({ MessageId: 'm-1', Body: '{}' }, 0, 0);
    const { attributes } = deadLetterOf(delivery, { name: 'q', fifo: false }, 1, error, new Date(0));
    return Object.values(attributes).map(({ StringValue }) => StringValue);
  };

  it.each(PREFIXES)('cuts no character of a long reason in half, which SQS would refuse (%j)', prefix => {
    const values = valuesOf(new Error(prefix + '🎉'.repeat(1_000)));
    expect(values.filter(value => HALF.test(value ?? ''))).toEqual([]);
  });

  it.each(PREFIXES)('cuts no character of long details in half (%j)', prefix => {
    const values = valuesOf(new BadRequestException([prefix + '🎉'.repeat(8_000)]));
    expect(values.filter(value => HALF.test(value ?? ''))).toEqual([]);
  });
});
