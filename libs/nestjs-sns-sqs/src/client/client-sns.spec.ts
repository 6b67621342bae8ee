import { SNSClient } from '@aws-sdk/client-sns';
import { jest } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import type { ClientSNSOptions } from '../interfaces/client-options.interface.js';
import { SnsRecordBuilder } from '../record-builders/sns-record.builder.js';
import { ClientSNS } from './client-sns.js';

interface Command {
  constructor: { name: string };
  input: {
    TopicArn?: string;
    Name?: string;
    PublishBatchRequestEntries?: Array<{ Id: string; Message: string; MessageGroupId?: string }>;
  };
}

function clientWith(options: Partial<ClientSNSOptions> = {}, accountId: string | undefined = '123456789012') {
  const send = jest.fn(({ input }: Command) =>
    Promise.resolve({
      TopicArn: `arn:made:${input.Name}`,
      Attributes: {},
      Successful: input.PublishBatchRequestEntries?.map(({ Id }) => ({ Id })),
    }),
  );
  const config = {
    region: () => Promise.resolve('eu-west-1'),
    credentials: () => Promise.resolve({ accessKeyId: 'a', secretAccessKey: 's', accountId }),
  };
  const client = new ClientSNS({
    service: 'users',
    sns: { send, config } as unknown as SNSClient,
    publish: { lingerMs: 0, maxAttempts: 1 },
    ...options,
  });
  const calls = () =>
    send.mock.calls.map(([{ constructor, input }]) => `${constructor.name} ${input.TopicArn ?? input.Name}`);
  const firstMessage = () => {
    const entry = send.mock.calls.at(-1)?.[0].input.PublishBatchRequestEntries?.[0];
    return JSON.parse(entry?.Message ?? '{}') as Record<string, unknown>;
  };
  const groupIds = () =>
    send.mock.calls.flatMap(
      ([{ input }]) => input.PublishBatchRequestEntries?.map(entry => entry.MessageGroupId) ?? [],
    );
  return { client, calls, firstMessage, groupIds };
}

describe('ClientSNS', () => {
  it("makes the service's topic, and publishes to it", async () => {
    const { client, calls, firstMessage } = clientWith({ prefix: 'dev-' });
    await firstValueFrom(client.emit('user.registered', { n: 1 }));
    expect(calls()).toEqual([
      'CreateTopicCommand dev-users-domain-events',
      'PublishBatchCommand arn:made:dev-users-domain-events',
    ]);
    expect(firstMessage()).toMatchObject({ source: 'users', type: 'user.registered', data: { n: 1 } });
  });

  it("passes a record's group on to a standard topic, for fair queues, and none with `groupId: 'none'`", async () => {
    const { client, groupIds } = clientWith({ groupId: 'none' });
    await firstValueFrom(client.emit('a', new SnsRecordBuilder({}).setGroupId('tenant-1').build()));
    await firstValueFrom(client.emit('a', {}));
    expect(groupIds()).toEqual(['tenant-1', undefined]);
  });

  it('names another source when it is told to', async () => {
    const { client, firstMessage } = clientWith({ source: '/users/eu' });
    await firstValueFrom(client.emit('a', 1));
    expect(firstMessage()).toMatchObject({ source: '/users/eu' });
  });

  it('looks a topic up that it may not make', async () => {
    const { client, calls } = clientWith({ provisioning: 'verify' });
    await client.connect();
    expect(calls()).toEqual(['GetTopicAttributesCommand arn:aws:sns:eu-west-1:123456789012:users-domain-events']);
  });

  it('calls nothing but the publish with provisioning off, or with a full ARN', async () => {
    const off = clientWith({ provisioning: 'off' });
    await firstValueFrom(off.client.emit('a', 1));
    expect(off.calls()).toEqual(['PublishBatchCommand arn:aws:sns:eu-west-1:123456789012:users-domain-events']);
    const topicArn = 'arn:aws:sns:us-east-1:000000000000:other';
    const given = clientWith({ topicArn });
    await firstValueFrom(given.client.emit('a', 1));
    expect(given.calls()).toEqual([`PublishBatchCommand ${topicArn}`]);
  });

  it('asks for a message group where its topic is FIFO', async () => {
    const { client } = clientWith({ topicArn: 'arn:aws:sns:us-east-1:000000000000:other.fifo' });
    await expect(firstValueFrom(client.emit('a', 1))).rejects.toMatchObject({ code: 'GROUP_ID_MISSING' });
  });

  it.each<[string, Partial<ClientSNSOptions>, RegExp]>([
    ['a service that is no word', { service: 'my service' }, /`service`/],
    ['an ARN that is none', { topicArn: 'users' }, /`topicArn`: expected a topic's ARN/],
    ['an option that is none', { queue: 'q' } as Partial<ClientSNSOptions>, /`queue` is not an option/],
    ['too long a linger', { publish: { lingerMs: 1_001 } }, /`publish\.lingerMs`/],
    ['half an emoji in the source', { source: 'users\uD83D' }, /`source`: expected a text that is not cut/],
    ['an ARN without a region', { topicArn: 'arn:aws:sns::000000000000:t' }, /`topicArn`: expected a topic's ARN/],
    ['a client that is none', { sns: {} as SNSClient }, /`sns`: expected an object with a method send\(\)/],
  ])('refuses %s', (_, options, why) => {
    expect(() => clientWith(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringMatching(why) as string }) as Error,
    );
  });

  it('leaves an SDK client alone that it was given', async () => {
    const sns = new SNSClient({ region: 'us-east-1' });
    const destroy = jest.spyOn(sns, 'destroy');
    await new ClientSNS({ service: 'users', sns }).close();
    expect(destroy).not.toHaveBeenCalled();
    sns.destroy();
  });

  it('destroys the SDK client that it made', async () => {
    const destroy = jest.spyOn(SNSClient.prototype, 'destroy');
    const client = new ClientSNS({ service: 'users', aws: { region: 'eu-west-1' } });
    expect(client.unwrap()).toBeInstanceOf(SNSClient);
    await client.close();
    expect(destroy).toHaveBeenCalledTimes(1);
    destroy.mockRestore();
  });
});
