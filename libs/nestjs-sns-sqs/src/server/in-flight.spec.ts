import { Delivery } from './delivery.js';
import { InFlight } from './in-flight.js';

const delivery = (messageId: string): Delivery =>
  new Delivery({ MessageId: messageId, ReceiptHandle: `r-${messageId}`, Body: '' }, 0, 30_000);

describe('InFlight', () => {
  it('knows a message until the last of its deliveries has ended', () => {
    const inFlight = new InFlight(true);
    const [first, second] = [delivery('m'), delivery('m')];
    inFlight.add(first);
    inFlight.add(second);
    inFlight.delete(first);
    expect([inFlight.size, inFlight.hasMessage('m')]).toEqual([1, true]);

    inFlight.delete(second);
    expect([inFlight.size, inFlight.hasMessage('m')]).toEqual([0, false]);
  });

  it('takes an end that is told twice for one', () => {
    const inFlight = new InFlight(true);
    const [first, second] = [delivery('m'), delivery('m')];
    inFlight.add(first);
    inFlight.add(second);
    inFlight.delete(first);
    inFlight.delete(first);
    expect([...inFlight]).toEqual([second]);
    expect(inFlight.hasMessage('m')).toBe(true);
  });

  it('holds what is in flight of a standard queue, and counts no ids', () => {
    const inFlight = new InFlight(false);
    const [first, second] = [delivery('m'), delivery('n')];
    inFlight.add(first);
    inFlight.add(second);
    inFlight.delete(first);
    expect([[...inFlight], inFlight.size, inFlight.hasMessage('n')]).toEqual([[second], 1, false]);
  });
});
