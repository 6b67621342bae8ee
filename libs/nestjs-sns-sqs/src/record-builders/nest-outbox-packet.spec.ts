import type { SNSClient } from '@aws-sdk/client-sns';
import { lastValueFrom } from 'rxjs';
import { ClientSNS } from '../client/client-sns.js';
import { nestOutboxPacket, type NestOutboxMessage } from './nest-outbox-packet.js';

/** As `@nestjs/outbox` hands it to a transport. */
const message = (options: Partial<NestOutboxMessage> = {}): NestOutboxMessage & { attempts: number } => ({
  id: '01991f0e-7d2b-7c3a-9a53-8a4c56f0a001',
  topic: 'order.placed',
  payload: { orderId: 42 },
  headers: {},
  key: null,
  attempts: 0,
  ...options,
});

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

describe('nestOutboxPacket', () => {
  it('keeps the id and the payload, and takes the topic for the type', () => {
    const { pattern, data } = nestOutboxPacket(message());
    expect(pattern).toBe('order.placed');
    expect(data).toMatchObject({ data: { orderId: 42 }, options: { id: message().id } });
    expect(data.options).not.toHaveProperty('groupId');
    expect(data.options).not.toHaveProperty('subject');
  });

  it('takes the key for the subject and the message group', () => {
    const { data } = nestOutboxPacket(message({ key: 'order:42' }));
    expect(data.options).toMatchObject({ subject: 'order:42', groupId: 'order:42' });
  });

  it('hashes a key that is no message group, so that its order stays', () => {
    const [first, second] = ['Bestellung 42', 'ö'.repeat(200)].map(
      key => nestOutboxPacket(message({ key })).data.options,
    );
    expect(first?.subject).toBe('Bestellung 42');
    expect(first?.groupId).toMatch(/^[\da-f]{64}$/);
    expect(second?.groupId).not.toBe(first?.groupId);
  });

  it('makes fields of the headers that an event has as such, and attributes of the others', () => {
    const headers = { Traceparent: TRACEPARENT, 'correlation-id': 'c', causationid: 'a', tenant: 'acme', empty: '' };
    expect(nestOutboxPacket(message({ headers })).data.options).toMatchObject({
      traceparent: TRACEPARENT,
      correlationId: 'c',
      causationId: 'a',
      attributes: { tenant: { DataType: 'String', StringValue: 'acme' } },
    });
    const tooMany = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`h${n}`, 'v']));
    expect(() => nestOutboxPacket(message({ headers: tooMany }))).toThrow(
      expect.objectContaining({ code: 'INVALID_RECORD' }),
    );
  });

  it('is published by a client as its transport does it', async () => {
    const bodies: string[] = [];
    const send = ({ input }: { input: { PublishBatchRequestEntries?: Array<{ Id: string; Message: string }> } }) => {
      const entries = input.PublishBatchRequestEntries ?? [];
      bodies.push(...entries.map(({ Message }) => Message));
      return Promise.resolve({ TopicArn: 'arn:topic', Successful: entries.map(({ Id }) => ({ Id })) });
    };
    const config = { region: () => Promise.resolve('eu-west-1'), credentials: () => Promise.resolve({}) };
    const client = new ClientSNS({ service: 'orders', sns: { send, config } as unknown as SNSClient });
    const { pattern, data } = nestOutboxPacket(message({ key: 'order:42' }));
    await lastValueFrom(client.emit(pattern, data), { defaultValue: undefined });
    await client.close();
    expect(JSON.parse(bodies[0] ?? '')).toMatchObject({
      id: message().id,
      source: 'orders',
      type: 'order.placed',
      subject: 'order:42',
      data: { orderId: 42 },
    });
  });
});
