import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { OnCommand, SqsContext, SqsRecordBuilder } from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

describe('what makes two messages the same', () => {
  const here = world();
  const handled: Array<[source: string | undefined, data: unknown]> = [];

  @Controller()
  class Commands {
    @OnCommand('bill')
    bill(@Payload() data: unknown, @Ctx() context: SqsContext): void {
      handled.push([context.getMetadata()?.source, data]);
    }

    @MessagePattern('charge')
    charge(@Payload() data: unknown, @Ctx() context: SqsContext): unknown {
      handled.push([context.getMetadata()?.source, data]);
      return data;
    }
  }

  beforeEach(() => {
    handled.length = 0;
    delete process.env['OTEL_SERVICE_NAME'];
  });

  it('is not the id alone: commands of two services with one id are both carried out, each once', async () => {
    await here.start([Commands]);
    const command = (data: unknown) => new SqsRecordBuilder(data).setId('42').setGroupId('one').build();
    const [orders, users] = [here.commands({ source: 'orders' }), here.commands({ source: 'users' })];
    await orders.emit('bill', command('an order'));
    await users.emit('bill', command('a user'));
    await orders.emit('bill', command('an order again'));
    await orders.emit('bill', new SqsRecordBuilder('the end').setGroupId('one').build());
    await waitFor('the last of the group', () => handled.length === 3);
    expect(handled).toEqual([
      ['orders', 'an order'],
      ['users', 'a user'],
      ['orders', 'the end'],
    ]);
  });

  it.each([
    ['setDeduplicationId()', () => new SqsRecordBuilder('once').setDeduplicationId('charge-42')],
    ['setId()', () => new SqsRecordBuilder('once').setId('charge-42')],
  ])('is the id of a request, though nothing names its group: %s', async (_, record) => {
    await here.start([Commands]);
    const { client } = here.commands({ source: 'orders' });
    const ask = (builder: SqsRecordBuilder): Promise<unknown> => lastValueFrom(client.send('charge', builder.build()));
    expect(await ask(record())).toBe('once');
    await expect(ask(record().setReplyTimeoutMs(300))).rejects.toMatchObject({ code: 'REPLY_TIMEOUT' });
    expect(await ask(new SqsRecordBuilder('another'))).toBe('another');
    expect(handled.map(([, data]) => data)).toEqual(['once', 'another']);
  });

  it('is the source that this process has by its server, for a client that was given none', async () => {
    const { client } = here.commands();
    await here.start([Commands]);
    expect(await lastValueFrom(client.send('charge', 1))).toBe(1);
    expect(handled).toEqual([['notifications', 1]]);
    const { QueueUrls } = await here.clients.sqs.send(
      new ListQueuesCommand({ QueueNamePrefix: `${here.prefix}notifications-replies-` }),
    );
    expect(QueueUrls).toHaveLength(1);
    expect(here.logs.with('unknown_service')).toEqual([]);
  });
});
