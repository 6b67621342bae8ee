import { jest } from '@jest/globals';
import type { ConsumerDeserializer } from '@nestjs/microservices';
import { messageDecoder } from './message-decoder.js';

const event = JSON.stringify({ specversion: '1.0', id: '1', source: 'users', type: 'a', data: { n: 1 } });
const wrapped = (text: string) => JSON.stringify({ Type: 'Notification', TopicArn: 'arn', Message: text });
const giving = (result: unknown) => ({ deserialize: () => result }) as unknown as ConsumerDeserializer;
const thenable = (then: (resolve: (value: unknown) => void) => void): unknown =>
  Object.defineProperty({}, String('then'), { value: then });

describe('messageDecoder', () => {
  it('reads CloudEvents, raw or wrapped by SNS', async () => {
    const expected = { metadata: { id: '1', source: 'users', type: 'a' }, data: { n: 1 } };
    expect(await messageDecoder('q')({ Body: event })).toEqual(expected);
    expect(await messageDecoder('q')({ Body: wrapped(event) })).toEqual(expected);
  });

  it('refuses a message without a body', () => {
    expect(() => messageDecoder('q')({})).toThrow(expect.objectContaining({ code: 'UNPARSABLE_MESSAGE' }) as Error);
  });

  it("gives a user's deserializer the body without SNS's wrapper, and the message", async () => {
    const deserialize = jest.fn(() => ({ pattern: 'a', data: 7 }));
    const message = { Body: wrapped('a;7'), MessageId: 'm' };
    await messageDecoder('q', { deserialize })(message);
    expect(deserialize).toHaveBeenCalledWith('a;7', { queue: 'q', message });
  });

  it("takes pattern, data and id from a user's deserializer, a promise too", async () => {
    const decode = messageDecoder('q', giving(Promise.resolve({ pattern: 'a', data: 7, id: 'x' })));
    expect(await decode({ Body: '' })).toEqual({ metadata: { id: 'x', source: 'q', type: 'a' }, data: 7 });
  });

  it("takes packet metadata from a user's deserializer, beside the event's own names", async () => {
    const metadata = { tenant: 'acme', id: 'forged', subject: 'forged' };
    const decode = messageDecoder('q', giving({ pattern: 'a', id: 'x', metadata }));
    expect((await decode({ Body: '' })).metadata).toEqual({ id: 'x', source: 'q', type: 'a', tenant: 'acme' });
    const wrong = messageDecoder('q', giving({ pattern: 'a', metadata: { n: 1 } }));
    await expect(wrong({ Body: '' })).rejects.toMatchObject({ code: 'UNPARSABLE_MESSAGE' });
  });

  it("takes SQS's id when the deserializer gives none", async () => {
    const { metadata } = await messageDecoder('q', giving({ pattern: 'a', id: '' }))({ MessageId: 'm' });
    expect(metadata.id).toBe('m');
  });

  it.each([
    ['nothing', undefined],
    ['no pattern', { data: 1 }],
    ['an empty pattern', { pattern: '' }],
    ['a pattern that is an object', { pattern: { cmd: 'a' } }],
  ])('calls a message unparsable for which the deserializer gives %s', async (_, result) => {
    await expect(messageDecoder('q', giving(result))({ Body: '' })).rejects.toMatchObject({
      code: 'UNPARSABLE_MESSAGE',
    });
  });

  it('calls a message unparsable that the deserializer refuses, and keeps why', async () => {
    const cause = new SyntaxError('no XML');
    const decode = messageDecoder('q', {
      deserialize: () => {
        throw cause;
      },
    });
    await expect(decode({ Body: '{' })).rejects.toMatchObject({
      code: 'UNPARSABLE_MESSAGE',
      message: expect.stringContaining('no XML') as string,
      cause,
    });
  });

  it('waits in time for a promise of another library too', async () => {
    jest.useFakeTimers();
    try {
      const decode = messageDecoder('q', giving(thenable(() => undefined)), 5_000);
      const decoded = Promise.allSettled([decode({ Body: '' })]);
      await jest.advanceTimersByTimeAsync(5_000);
      expect(await decoded).toMatchObject([{ status: 'rejected', reason: { code: 'HANDLER_TIMEOUT' } }]);
      const good = thenable(resolve => resolve({ pattern: 'a', id: 'x' }));
      expect((await messageDecoder('q', giving(good))({})).metadata).toEqual({ id: 'x', source: 'q', type: 'a' });
    } finally {
      jest.useRealTimers();
    }
  });

  it.each(['pattern', 'id', 'data', 'metadata'])('calls a message unparsable whose %s cannot be read', async name => {
    const result = Object.defineProperty({ pattern: 'a' }, name, {
      get: () => {
        throw new Error('not now');
      },
    });
    await expect(messageDecoder('q', giving(result))({})).rejects.toMatchObject({ code: 'UNPARSABLE_MESSAGE' });
  });
});
