import { Controller } from '@nestjs/common';
import {
  Ctx,
  MessagePattern,
  Payload,
  type ProducerDeserializer,
  type ProducerSerializer,
} from '@nestjs/microservices';
import { OnCommand, OnDomainEvent, SqsContext, type ServerSQSOptions } from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

/** A body that nobody can mistake for JSON. */
const seal = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
const unseal = (body: unknown): Record<string, unknown> =>
  JSON.parse(Buffer.from(String(body), 'base64').toString()) as Record<string, unknown>;

const later = async <T>(value: T): Promise<T> => {
  await new Promise(resolve => setImmediate(resolve));
  return value;
};

describe('serializers and deserializers', () => {
  const here = world();

  it.each([
    ['synchronous', <T>(value: T): T | Promise<T> => value],
    ['asynchronous', later],
  ])('that are %s write and read requests, replies and commands', async (_, given) => {
    const ordered: unknown[] = [];
    @Controller()
    class Sums {
      @MessagePattern('sum')
      sum(@Payload() numbers: number[]): number {
        return numbers.reduce((a, b) => a + b, 0);
      }

      @MessagePattern('fail')
      fail(): never {
        throw new Error('secret');
      }

      @OnCommand('order')
      order(@Payload() data: unknown): void {
        ordered.push(data);
      }
    }
    const server: Partial<ServerSQSOptions> = {
      deserializer: {
        deserialize: (body: unknown) => given(unseal(body)) as unknown as { pattern: string; data: unknown },
      },
      serializer: { serialize: (packet: unknown) => given(seal(packet)) },
    };
    const serializer: ProducerSerializer = {
      serialize: ({ pattern, data }) => given(seal({ pattern, data })),
    };
    const deserializer: ProducerDeserializer = {
      deserialize: (body: unknown) => given(unseal(body)) as unknown as { id: string },
    };
    await here.start([Sums], server);
    const { client, emit } = here.commands({ serializer, deserializer, groupId: () => 'one' });
    expect(await lastValueFrom(client.send<number, unknown>('sum', [1, 2, 3]))).toBe(6);
    await expect(lastValueFrom(client.send('fail', {}))).rejects.toEqual({
      status: 'error',
      message: 'Internal server error',
    });
    await emit('order', { n: 1 });
    await waitFor('the command', () => ordered.length === 1);
    expect(ordered).toEqual([{ n: 1 }]);
  });

  it.each([
    ['synchronous', <T>(value: T): T | Promise<T> => value],
    ['asynchronous', later],
  ])('that are %s write and read events, and SNS still filters by their type', async (_, given) => {
    const seen: unknown[] = [];
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      registered(@Payload() data: unknown, @Ctx() context: SqsContext): void {
        seen.push([context.getPattern(), data]);
      }
    }
    const deserialize = (body: unknown) => given(unseal(body)) as unknown as { pattern: string; data: unknown };
    await here.start([Work], { deserializer: { deserialize } });
    const serializer: ProducerSerializer = { serialize: ({ pattern, data }) => given(seal({ pattern, data })) };
    const { emit } = here.events({ serializer });
    await emit('user.deleted', {});
    await emit('user.registered', { n: 1 });
    await waitFor('the event', () => seen.length > 0);
    await here.queue('work-on-user-registered').untilEmpty();
    expect(seen).toEqual([['user.registered', { n: 1 }]]);
  });

  it('answers a request that the deserializer refuses, and keeps it for a person', async () => {
    @Controller()
    class Sums {
      @MessagePattern('sum')
      sum(): void {}
    }
    const deserialize = (): never => {
      throw new Error('not for me');
    };
    await here.start([Sums], { deserializer: { deserialize } });
    const answer = lastValueFrom(here.commands().client.send('sum', {}));
    await expect(answer).rejects.toMatchObject({ message: expect.stringMatching(/not for me/) as string });
    await here.queue('notifications-async-commands-dlq.fifo').takeOne();
  });

  it('errors for a reply that it cannot read', async () => {
    @Controller()
    class Sums {
      @MessagePattern('sum')
      sum(): number {
        return 1;
      }
    }
    await here.start([Sums], { serializer: { serialize: () => '{"broken' } });
    await expect(lastValueFrom(here.commands().client.send('sum', {}))).rejects.toMatchObject({
      code: 'UNPARSABLE_MESSAGE',
    });
  });

  it('takes what is no packet of Nest for the whole answer', async () => {
    @Controller()
    class Sums {
      @MessagePattern('sum')
      sum(): number {
        return 1;
      }
    }
    await here.start([Sums], { serializer: { serialize: () => ({ total: 6 }) } });
    expect(await lastValueFrom(here.commands().client.send('sum', {}))).toEqual({ total: 6 });
  });
});
