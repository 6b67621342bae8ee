import {
  asReplyPacket,
  replyAddressOf,
  replyAttributes,
  replyOf,
  replyRoute,
  REQUEST_ATTRIBUTES,
  requestAttributes,
} from './reply.js';

const address = { queueUrl: 'http://sqs/1/web-replies-1', correlationId: 'c', expiresAt: 1_767_225_600_000 };

describe('the attributes of a request', () => {
  it('are read as they are written', () => {
    const MessageAttributes = requestAttributes(address);
    expect(Object.keys(MessageAttributes)).toHaveLength(REQUEST_ATTRIBUTES);
    expect(replyAddressOf({ MessageAttributes })).toEqual(address);
    expect(MessageAttributes['reply.expires-at']?.StringValue).toBe('2026-01-01T00:00:00.000Z');
  });

  it('need no expiry, and ignore one that is no time', () => {
    const { expiresAt: _, ...lasting } = address;
    expect(replyAddressOf({ MessageAttributes: requestAttributes(lasting) })).toEqual(lasting);
    const MessageAttributes = {
      ...requestAttributes(lasting),
      'reply.expires-at': { DataType: 'String', StringValue: 'soon' },
    };
    expect(replyAddressOf({ MessageAttributes })).toEqual(lasting);
  });

  it('are all or nothing', () => {
    expect(replyAddressOf({})).toBeUndefined();
    const { 'reply.correlation-id': _, ...MessageAttributes } = requestAttributes(address);
    expect(replyAddressOf({ MessageAttributes })).toBeUndefined();
  });
});

describe('the attributes of a reply', () => {
  it('are read as they are written', () => {
    expect(replyOf({ MessageAttributes: replyAttributes('c', 12) })).toEqual({ correlationId: 'c', index: 12 });
  });

  it('may leave the index out; without a correlation id it is no reply', () => {
    const { 'reply.index': _, ...MessageAttributes } = replyAttributes('c', 0);
    expect(replyOf({ MessageAttributes })).toEqual({ correlationId: 'c', index: undefined });
    expect(replyOf({})).toBeUndefined();
  });
});

describe('asReplyPacket', () => {
  it.each([
    [{ response: 1, isDisposed: true }],
    [{ id: 'c', isDisposed: false }],
    [{ err: { status: 'error' }, isDisposed: true }],
    [{ id: 'c', response: [], status: 'ok' }],
  ])('takes %j as it is', packet => {
    expect(asReplyPacket(packet)).toBe(packet);
  });

  it.each([
    [6],
    ['six'],
    [null],
    [[1, 2]],
    [{}],
    [{ total: 6 }],
    [{ id: 7 }],
    [{ id: 7, status: 'ok' }],
    [{ response: 1, total: 6 }],
  ])("takes %j for a foreign service's whole answer", value => {
    expect(asReplyPacket(value)).toEqual({ response: value, isDisposed: true });
  });
});

describe('replyRoute', () => {
  const own = 'https://sqs.eu-west-1.amazonaws.com/123456789012/notifications-async-commands.fifo';

  it("is at the service's own endpoint, whatever host the caller names", () => {
    expect(replyRoute(own, 'http://evil.example/123456789012/web-replies-0123456789ab')).toEqual({
      queueUrl: 'https://sqs.eu-west-1.amazonaws.com/123456789012/web-replies-0123456789ab',
    });
  });

  it('is in its own account, or in one that is allowed', () => {
    const replies = 'https://sqs.eu-west-1.amazonaws.com/222222222222/web-replies-0123456789ab';
    const refused = 'a queue of the account 222222222222, which `replyAccounts` does not name';
    expect(replyRoute(own, replies)).toEqual({ refused });
    expect(replyRoute(own, replies, ['333333333333'])).toEqual({ refused });
    expect(replyRoute(own, replies, ['333333333333', '222222222222'])).toEqual({ queueUrl: replies });
    const orders = 'https://sqs.eu-west-1.amazonaws.com/222222222222/orders';
    expect(replyRoute(own, orders, ['222222222222'])).toEqual({ refused: 'which is no reply queue' });
  });

  it.each([
    ['another queue', 'https://sqs/123456789012/orders'],
    ['an account that is none', 'https://sqs/me/web-replies-1'],
    ['a FIFO queue', 'https://sqs/123456789012/web-replies-1.fifo'],
    ['a path', 'https://sqs/123456789012/web-replies-1/../orders'],
    ['a query', 'https://sqs/123456789012/web-replies-1?Action=DeleteQueue'],
    ['no URL', 'web-replies-1'],
  ])('refuses %s', (_, url) => {
    expect(replyRoute(own, url)).toEqual({ refused: 'which is no reply queue' });
  });
});
