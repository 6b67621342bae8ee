import { GetQueueUrlCommand, ListQueuesCommand, ListQueueTagsCommand, TagQueueCommand } from '@aws-sdk/client-sqs';
import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { ClientSQS, REPLY_QUEUE_TAGS, SqsContext, sweepReplyQueues, type ClientSQSOptions } from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const QUEUE = 'notifications-async-commands.fifo';
const DLQ = 'notifications-async-commands-dlq.fifo';

describe('the reply queue of a caller', () => {
  const here = world();

  const clientOf = (options: Partial<ClientSQSOptions> = {}): ClientSQS => here.commands(options).client;
  const ask = <T>(client: ClientSQS, pattern: unknown, data: unknown): Promise<T> =>
    lastValueFrom(client.send<T, unknown>(pattern, data));
  const replyQueues = async (): Promise<string[]> => {
    const { QueueUrls = [] } = await here.clients.sqs.send(new ListQueuesCommand({ QueueNamePrefix: here.prefix }));
    return QueueUrls.filter(url => url.includes('-replies-'));
  };

  it('of two replicas of a caller each gets its own replies', async () => {
    @Controller()
    class Sums {
      @MessagePattern('echo')
      echo(@Payload() data: unknown): unknown {
        return data;
      }
    }
    await here.start([Sums]);
    await here.start([Sums]);
    const replicas = [clientOf({ source: 'web' }), clientOf({ source: 'web' })];
    const asked = replicas.flatMap((client, who) => [0, 1, 2, 3, 4, 5].map(n => ask(client, 'echo', { who, n })));
    expect(await Promise.all(asked)).toEqual([0, 1].flatMap(who => [0, 1, 2, 3, 4, 5].map(n => ({ who, n }))));
    const queues = await replyQueues();
    expect(queues).toHaveLength(2);
    for (const url of queues) expect(url).toMatch(new RegExp(`/${here.prefix}web-replies-[0-9a-f]{12}$`));
  });

  it('deletes its reply queue on close, and ends what waits', async () => {
    @Controller()
    class Sums {
      @MessagePattern('never')
      never(): Promise<never> {
        return new Promise(() => undefined);
      }

      @MessagePattern('echo')
      echo(): string {
        return 'echo';
      }
    }
    await here.start([Sums], { shutdownTimeoutMs: 0 });
    const client = clientOf();
    expect(await replyQueues()).toEqual([]);
    expect(await ask(client, 'echo', {})).toBe('echo');
    expect(await replyQueues()).toHaveLength(1);
    const waiting = ask(client, 'never', {});
    const refusal = waiting.catch((error: unknown) => error);
    await client.close();
    expect(await refusal).toMatchObject({ code: 'CLIENT_CLOSED' });
    expect(await replyQueues()).toEqual([]);
    await expect(ask(client, 'echo', {})).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
  });

  it('goes on with a new reply queue when somebody has deleted the old one', async () => {
    @Controller()
    class Sums {
      @MessagePattern('echo')
      echo(@Payload() data: unknown): unknown {
        return data;
      }
    }
    await here.start([Sums]);
    const client = clientOf();
    expect(await ask(client, 'echo', 1)).toBe(1);
    const [old = ''] = await replyQueues();
    const aged = { [REPLY_QUEUE_TAGS.aliveUntil]: new Date(0).toISOString() };
    await here.clients.sqs.send(new TagQueueCommand({ QueueUrl: old, Tags: aged }));
    expect(await sweepReplyQueues(here.clients.sqs, { prefix: here.prefix })).toEqual([old]);
    const lost = await ask(client, 'echo', 2).catch((error: unknown) => error);
    if (lost !== 2) expect(lost).toMatchObject({ code: 'QUEUE_NOT_FOUND' });
    expect(await ask(client, 'echo', 3)).toBe(3);
    expect(await replyQueues()).not.toContain(old);
  });

  it('leaves to a sweeper what a crash has left, and only that', async () => {
    @Controller()
    class Sums {
      @MessagePattern('echo')
      echo(): string {
        return 'echo';
      }
    }
    await here.start([Sums]);
    await ask(clientOf({ source: 'web' }), 'echo', {});
    const [queue = ''] = await replyQueues();
    const { Tags = {} } = await here.clients.sqs.send(new ListQueueTagsCommand({ QueueUrl: queue }));
    expect(Tags[REPLY_QUEUE_TAGS.caller]).toBe('web');
    expect(Date.parse(Tags[REPLY_QUEUE_TAGS.aliveUntil] ?? '')).toBeGreaterThan(Date.now());
    const options = { prefix: here.prefix };
    const nextDay = Date.now() + 86_400_000;
    expect(await sweepReplyQueues(here.clients.sqs, options)).toEqual([]);
    expect(await sweepReplyQueues(here.clients.sqs, { ...options, now: nextDay, dryRun: true })).toEqual([queue]);
    expect(await replyQueues()).toEqual([queue]);
    expect(await sweepReplyQueues(here.clients.sqs, { ...options, now: nextDay })).toEqual([queue]);
    expect(await replyQueues()).toEqual([]);
    await here.clients.sqs.send(new GetQueueUrlCommand({ QueueName: here.queue(QUEUE).name }));
  });

  it('is not led to answer into a queue that is no reply queue', async () => {
    const handled: boolean[] = [];
    @Controller()
    class Sums {
      @MessagePattern('echo')
      echo(@Ctx() context: SqsContext): string {
        handled.push(context.isRequest());
        return 'echo';
      }
    }
    await here.start([Sums]);
    const attributes = {
      type: 'echo',
      'reply.queue-url': await here.queue(DLQ).url(),
      'reply.correlation-id': '1',
    };
    const body = JSON.stringify({ specversion: '1.0', id: '1', source: 's', type: 'echo', data: {} });
    await here.queue(QUEUE).send(body, { attributes, groupId: 'one', deduplicationId: '1' });
    await waitFor('the handler', () => handled.length === 1);
    await here.queue(QUEUE).untilEmpty();
    expect(handled).toEqual([false]);
    expect(await here.queue(DLQ).size()).toBe(0);
    expect(here.logs.with('no reply queue', 'warn')).toHaveLength(1);
  });

  it('answers a foreign caller, and a foreign service is understood', async () => {
    @Controller()
    class Sums {
      @MessagePattern('echo')
      echo(@Payload() data: unknown): unknown {
        return data;
      }
    }
    await here.start([Sums], {
      serializer: { serialize: ({ response, isDisposed }) => ({ answer: response, last: isDisposed }) },
    });
    const client = clientOf({
      deserializer: {
        deserialize: async (body: string) => {
          const { answer, last } = JSON.parse(body) as { answer: unknown; last: boolean };
          return Promise.resolve({ id: '', response: answer, isDisposed: last });
        },
      },
    });
    expect(await ask(client, 'echo', { a: 1 })).toEqual({ a: 1 });
  });
});
