import { SQSClient } from '@aws-sdk/client-sqs';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { firstValueFrom } from 'rxjs';
import type { ClientSQSOptions } from '../interfaces/client-options.interface.js';
import { SqsRecordBuilder } from '../record-builders/sqs-record.builder.js';
import { ServerSQS } from '../server/server-sqs.js';
import { ClientSQS } from './client-sqs.js';

interface Command {
  constructor: { name: string };
  input: { QueueUrl?: string; QueueName?: string; Entries?: Array<Record<string, unknown>> };
}

function clientWith(options: Partial<ClientSQSOptions> = {}, exists = true) {
  const send = jest.fn(({ constructor, input }: Command) =>
    constructor.name === 'GetQueueUrlCommand' && !exists
      ? Promise.reject(Object.assign(new Error('none'), { name: 'QueueDoesNotExist' }))
      : Promise.resolve({
          QueueUrl: `url/${input.QueueName}`,
          Successful: input.Entries?.map(({ Id }) => ({ Id })),
        }),
  );
  const client = new ClientSQS({
    service: 'notifications',
    sqs: { send } as unknown as SQSClient,
    publish: { lingerMs: 0, maxAttempts: 1 },
    ...options,
  });
  const calls = () =>
    send.mock.calls.map(([{ constructor, input }]) => `${constructor.name} ${input.QueueUrl ?? input.QueueName}`);
  const lastEntry = () => send.mock.calls.at(-1)?.[0].input.Entries?.[0] ?? {};
  return { client, calls, lastEntry };
}

const command = (data: unknown = {}) => new SqsRecordBuilder(data).setGroupId('user-1').build();
const NAME = 'notifications-async-commands.fifo';

describe('ClientSQS', () => {
  let warned: { mock: { calls: unknown[][] } };
  beforeEach(() => {
    warned = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  });
  afterEach(() => jest.restoreAllMocks());

  it('warns when there is no name to send under, and sends under one that no other process has', async () => {
    // As in a process of its own: the warning comes once in each.
    Reflect.deleteProperty(globalThis, Symbol.for('nestjs-sns-sqs.own-services'));
    const { client, lastEntry } = clientWith();
    await firstValueFrom(client.emit('a', command()));
    const { source } = JSON.parse(String(lastEntry()['MessageBody'])) as { source: string };
    expect(source).toMatch(/^unknown_service:[0-9a-f]{12}$/);
    expect(warned.mock.calls).toEqual([[expect.stringContaining(source)]]);
  });

  describe('that makes a queue', () => {
    const told = () => warned.mock.calls.map(([text]) => String(text)).filter(text => text.startsWith('Created'));

    it("warns once of another service's: its name may be misspelt", async () => {
      const { client } = clientWith({ source: 'users', service: 'notificatons' }, false);
      await firstValueFrom(client.emit('a', command()));
      await firstValueFrom(client.emit('a', command()));
      expect(told()).toEqual([expect.stringMatching(/notificatons-async-commands\.fifo.*"notificatons".*`service`/)]);
    });

    it('names the option of a queue that was named itself', async () => {
      const { client } = clientWith({ source: 'users', queue: 'other.fifo' }, false);
      await firstValueFrom(client.emit('a', command()));
      expect(told()).toEqual([expect.stringMatching(/the queue other\.fifo, .*`service`, `queue` and `prefix`/)]);
    });

    it("says nothing of its own service's, by its source or by a server of this process", async () => {
      await firstValueFrom(clientWith({ source: 'notifications' }, false).client.emit('a', command()));
      const server = new ServerSQS({ service: 'notifications', aws: { region: 'eu-west-1' } });
      await firstValueFrom(clientWith({}, false).client.emit('a', command()));
      await server.close();
      expect(told()).toEqual([]);
    });

    it('says nothing of a queue that is there', async () => {
      await firstValueFrom(clientWith({ source: 'users' }).client.emit('a', command()));
      expect(told()).toEqual([]);
    });
  });

  it("sends to the service's command queue, in the record's group", async () => {
    const { client, calls, lastEntry } = clientWith({ prefix: 'dev-', source: 'users' });
    await firstValueFrom(client.emit('send-welcome-email', command({ n: 1 })));
    expect(calls()).toEqual([`GetQueueUrlCommand dev-${NAME}`, `SendMessageBatchCommand url/dev-${NAME}`]);
    const { MessageGroupId, MessageDeduplicationId, MessageBody } = lastEntry();
    const body = JSON.parse(String(MessageBody)) as Record<string, unknown>;
    expect(body).toMatchObject({ source: 'users', type: 'send-welcome-email', data: { n: 1 } });
    expect([MessageGroupId, MessageDeduplicationId]).toEqual(['user-1', body['id']]);
  });

  it.each([
    ['the option', { source: 'users' }, 'users'],
    ['OTEL_SERVICE_NAME', {}, 'from-otel'],
  ])('names the sending service by %s', async (_, options, source) => {
    const before = process.env['OTEL_SERVICE_NAME'];
    process.env['OTEL_SERVICE_NAME'] = 'from-otel';
    try {
      const { client, lastEntry } = clientWith(options);
      await firstValueFrom(client.emit('a', command()));
      expect(JSON.parse(String(lastEntry()['MessageBody']))).toMatchObject({ source });
    } finally {
      if (before === undefined) delete process.env['OTEL_SERVICE_NAME'];
      else process.env['OTEL_SERVICE_NAME'] = before;
    }
  });

  it("takes the name of this process's own service, though the server is made after the client", async () => {
    const { client, lastEntry } = clientWith();
    const server = new ServerSQS({ service: 'orders' });
    await firstValueFrom(client.emit('a', command()));
    expect(JSON.parse(String(lastEntry()['MessageBody']))).toMatchObject({ source: 'orders' });
    await server.close();
  });

  it('keeps commands of two services apart that have one id', async () => {
    const idOf = async (source: string): Promise<unknown> => {
      const { client, lastEntry } = clientWith({ source });
      await firstValueFrom(client.emit('a', new SqsRecordBuilder(1).setId('42').setGroupId('g').build()));
      return lastEntry()['MessageDeduplicationId'];
    };
    expect(await idOf('users')).toBe(await idOf('users'));
    expect(await idOf('users')).not.toBe(await idOf('billing'));
  });

  it('makes a queue whose consumer has never started', async () => {
    const { client, calls } = clientWith({}, false);
    await client.connect();
    expect(calls()).toEqual([`GetQueueUrlCommand ${NAME}`, `CreateQueueCommand ${NAME}`]);
  });

  it.each(['verify', 'off'] as const)('makes no queue with provisioning %s', async provisioning => {
    const { client, calls } = clientWith({ provisioning }, false);
    await expect(client.connect()).rejects.toMatchObject({ code: 'QUEUE_NOT_FOUND', retryable: true });
    expect(calls()).toEqual([`GetQueueUrlCommand ${NAME}`]);
  });

  it('sends to a queue by its own name, without a group where it is standard', async () => {
    const { client, calls, lastEntry } = clientWith({ prefix: 'dev-', queue: 'jobs' });
    await firstValueFrom(client.emit('a', 1));
    expect(calls().at(-1)).toBe('SendMessageBatchCommand url/dev-jobs');
    expect(lastEntry()).not.toHaveProperty('MessageGroupId');
  });

  it.each(['', '/', '?region=eu-west-1', '/#top'])(
    'looks nothing up with a full URL, at the end of which is %p',
    async end => {
      const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/1/other.fifo';
      const { client, calls } = clientWith({ queueUrl: `${queueUrl}${end}` });
      await firstValueFrom(client.emit('a', command()));
      expect(calls()).toEqual([`SendMessageBatchCommand ${queueUrl}`]);
    },
  );

  it('asks for a message group, or computes one', async () => {
    await expect(firstValueFrom(clientWith().client.emit('a', 1))).rejects.toMatchObject({ code: 'GROUP_ID_MISSING' });
    const { client, lastEntry } = clientWith({ groupId: (pattern, data) => `${pattern}-${String(data)}` });
    await firstValueFrom(client.emit('a', 1));
    expect(lastEntry()).toMatchObject({ MessageGroupId: 'a-1' });
  });

  it.each<[string, Partial<ClientSQSOptions>, string, RegExp]>([
    ['a URL that is none', { queueUrl: 'q' }, 'INVALID_OPTIONS', /`queueUrl`/],
    ["a name that is none of AWS's", { queue: 'a b' }, 'INVALID_OPTIONS', /`queue`: expected a queue's name/],
    ['a name too long for its dead letter queue', { queue: 'x'.repeat(80) }, 'INVALID_NAME', /84 characters/],
  ])('refuses %s', (_, options, code, why) => {
    expect(() => clientWith(options)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(why) as string }) as Error,
    );
  });

  it.each(['is refused', 'has no reply in time'])(
    "errors with what the app's own serializeError() throws, where a request %s",
    async what => {
      class Own extends ClientSQS {
        protected override serializeError(): never {
          throw new Error('no such class');
        }
      }
      const send = (): Promise<unknown> =>
        what === 'is refused' ? Promise.reject(new Error('no')) : new Promise(() => undefined);
      const client = new Own({
        service: 'notifications',
        source: 'users',
        sqs: { send } as unknown as SQSClient,
        groupId: 'none',
        publish: { maxAttempts: 1 },
        replyTimeoutMs: what === 'is refused' ? 60_000 : 1,
        shutdownTimeoutMs: 1,
      });
      await expect(firstValueFrom(client.send('a', 1))).rejects.toThrow('no such class');
      await client.close();
    },
  );

  it('destroys the SDK client that it made', async () => {
    const destroy = jest.spyOn(SQSClient.prototype, 'destroy');
    const client = new ClientSQS({ service: 'users', aws: { region: 'eu-west-1' } });
    await client.close();
    expect(destroy).toHaveBeenCalledTimes(1);
    destroy.mockRestore();
  });
});
