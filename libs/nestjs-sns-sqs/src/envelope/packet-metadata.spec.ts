import { besideEvent, copyPacketMetadata, readPacketMetadata, writePacketMetadata } from './packet-metadata.js';

describe('packet metadata', () => {
  it('comes back as it was written, whatever its names and texts', () => {
    const metadata = { tenant: 'acme', 'x-request-id': 'ä 🙈 "quoted"\n', 'a.b': '', constructor: 'c' };
    expect(readPacketMetadata(writePacketMetadata(metadata) ?? '')).toEqual(metadata);
  });

  it("gives way to the event's own attributes, when it is written and when it is read", () => {
    const metadata = { id: 'x', subject: 'y', traceparent: 'z', tenant: 'acme' };
    expect(writePacketMetadata(metadata)).toBe('{"tenant":"acme"}');
    expect(readPacketMetadata(JSON.stringify(metadata))).toEqual({ tenant: 'acme' });
    expect(writePacketMetadata({ traceparent: 'z' })).toBeUndefined();
    expect(writePacketMetadata(undefined)).toBeUndefined();
  });

  it('is copied without what is undefined', () => {
    const given = { tenant: 'acme', locale: undefined };
    const copy = copyPacketMetadata(given);
    expect(copy).toEqual({ texts: { tenant: 'acme' } });
    expect(copy).not.toHaveProperty('texts.locale');
  });

  it.each<[string, unknown, RegExp]>([
    ['null', null, /not an object of strings/],
    ['a list', ['a'], /not an object of strings/],
    ['a text', 'a', /not an object of strings/],
    ['a number among its values', { retries: 3 }, /"retries" is not a string/],
    ['a `__proto__` key', JSON.parse('{"__proto__":"x"}'), /"__proto__" is not a string/],
  ])('is refused if it is or has %s', (_, given, why) => {
    expect(copyPacketMetadata(given)).toEqual({ problem: expect.stringMatching(why) as string });
    expect(() => besideEvent(given)).toThrow(why);
  });
});
