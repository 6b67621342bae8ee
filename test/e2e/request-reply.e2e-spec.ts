import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { ClientSQS, OnCommand, SqsContext, SqsRecordBuilder, type ClientSQSOptions } from 'nestjs-sns-sqs';
import {
  EMPTY,
  Observable,
  concat,
  delay,
  firstValueFrom,
  from,
  lastValueFrom,
  of,
  take,
  timeout,
  toArray,
} from 'rxjs';
import { Gate, waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const QUEUE = 'notifications-async-commands.fifo';

describe('send()', () => {
  const here = world();

  const clientOf = (options: Partial<ClientSQSOptions> = {}): ClientSQS => here.commands(options).client;
  const ask = <T>(client: ClientSQS, pattern: unknown, data: unknown): Promise<T> =>
    lastValueFrom(client.send<T, unknown>(pattern, data));
  const replyQueues = async (): Promise<string[]> => {
    const { QueueUrls = [] } = await here.clients.sqs.send(new ListQueuesCommand({ QueueNamePrefix: here.prefix }));
    return QueueUrls.filter(url => url.includes('-replies-'));
  };

  it.each<[string, () => unknown, unknown[]]>([
    ['a value', () => 6, [6]],
    ['an object', () => ({ total: 6, of: [1, 2, 3] }), [{ total: 6, of: [1, 2, 3] }]],
    ['null', () => null, [null]],
    ['nothing', () => undefined, []],
    ['a promise', () => Promise.resolve(6), [6]],
    ['an observable of several items', () => from([1, 2, 3]), [1, 2, 3]],
    ['an observable of items in time', () => concat(of(1), of(2).pipe(delay(30)), of(3).pipe(delay(30))), [1, 2, 3]],
    [
      'an observable of 25 items',
      () => from(Array.from({ length: 25 }, (_, n) => n)),
      Array.from({ length: 25 }, (_, n) => n),
    ],
    ['an empty observable', () => EMPTY, []],
    ['a promise of an observable', () => Promise.resolve(of('a', 'b')), ['a', 'b']],
  ])('answers with %s', async (_, result, expected) => {
    @Controller()
    class Sums {
      @MessagePattern({ cmd: 'sum' })
      sum(): unknown {
        return result();
      }
    }
    await here.start([Sums]);
    expect(await lastValueFrom(clientOf().send({ cmd: 'sum' }, [1, 2, 3]).pipe(toArray()))).toEqual(expected);
    await here.queue(QUEUE).untilEmpty();
  });

  it('gives each of many concurrent callers its own answer, in parallel', async () => {
    let running = 0;
    let most = 0;
    const together = new Gate();
    @Controller()
    class Sums {
      @MessagePattern('double')
      async double(@Payload() n: number): Promise<number> {
        most = Math.max(most, (running += 1));
        if (running === 5) together.open();
        await together.opened;
        running -= 1;
        return n * 2;
      }
    }
    await here.start([Sums]);
    const client = clientOf();
    const numbers = Array.from({ length: 40 }, (_, n) => n);
    const answers = await Promise.all(numbers.map(n => ask<number>(client, 'double', n)));
    expect(answers).toEqual(numbers.map(n => n * 2));
    expect(most).toBeGreaterThanOrEqual(5);
    expect(await replyQueues()).toHaveLength(1);
  });

  it('keeps the order of a group that the record names', async () => {
    const order: number[] = [];
    @Controller()
    class Steps {
      @MessagePattern('step')
      step(@Payload() n: number): number {
        order.push(n);
        return n;
      }
    }
    await here.start([Steps]);
    const client = clientOf();
    await client.connect();
    const steps = [0, 1, 2, 3, 4, 5, 6, 7];
    await ask(client, 'step', -1);
    await Promise.all(steps.map(n => ask(client, 'step', new SqsRecordBuilder(n).setGroupId('one').build())));
    expect(order.slice(1)).toEqual(steps);
  });

  it('to an event handler runs it and gives what it returns, emit() to a request handler runs it without a reply', async () => {
    const seen: Array<[string, boolean]> = [];
    @Controller()
    class Both {
      @OnCommand('order')
      order(@Ctx() context: SqsContext): string {
        seen.push(['order', context.isRequest()]);
        return 'done';
      }

      @EventPattern<string>('event')
      event(): string {
        return 'seen';
      }

      @MessagePattern('ask')
      asked(@Ctx() context: SqsContext): string {
        seen.push(['ask', context.isRequest()]);
        return 'answer';
      }
    }
    await here.start([Both]);
    const { client, emit } = here.commands({ groupId: () => 'one' });
    expect(await ask(client, 'order', {})).toBe('done');
    expect(await ask(client, 'event', {})).toBe('seen');
    await emit('ask', {});
    await waitFor('the request handler', () => seen.length === 2);
    expect(seen).toEqual([['order', true], ['ask', false]]); // prettier-ignore
    await here.queue(QUEUE).untilEmpty();
  });

  it('retries an emitted message of a @MessagePattern handler, as any event', async () => {
    let attempts = 0;
    @Controller()
    class Sums {
      @MessagePattern('sum')
      sum(): void {
        attempts += 1;
        if (attempts === 1) throw new Error('once');
      }
    }
    await here.start([Sums]);
    await here.commands({ groupId: () => 'one' }).emit('sum', {});
    await waitFor('the second attempt', () => attempts === 2);
  });

  it('sends at each subscription, and not before', async () => {
    let handled = 0;
    @Controller()
    class Sums {
      @MessagePattern('count')
      count(): number {
        return (handled += 1);
      }
    }
    await here.start([Sums]);
    const request = clientOf().send<number, unknown>('count', {});
    expect(await replyQueues()).toEqual([]);
    expect([await lastValueFrom(request), await lastValueFrom(request)]).toEqual([1, 2]);
  });

  it('drops the replies that come after unsubscribing', async () => {
    const gate = new Gate();
    @Controller()
    class Sums {
      @MessagePattern('late')
      async late(): Promise<string> {
        await gate.opened;
        return 'late';
      }

      @MessagePattern('quick')
      quick(): string {
        return 'quick';
      }

      @MessagePattern('endless')
      endless(): Observable<number> {
        return from([1, 2, 3, 4, 5]);
      }
    }
    await here.start([Sums]);
    const client = clientOf();
    expect(await ask(client, 'quick', {})).toBe('quick');
    const seen: unknown[] = [];
    await expect(lastValueFrom(client.send('late', {}).pipe(timeout(200)))).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    const subscription = client.send('late', {}).subscribe(item => seen.push(item));
    subscription.unsubscribe();
    expect(await firstValueFrom(client.send('endless', {}).pipe(take(2), toArray()))).toEqual([1, 2]);
    gate.open();
    expect(await ask(client, 'quick', {})).toBe('quick');
    expect(seen).toEqual([]);
  });

  it('refuses null and undefined as Nest does, errors for what cannot be sent', async () => {
    const client = clientOf();
    await expect(ask(client, 'sum', undefined)).rejects.toThrow(/invalid data or message pattern/i);
    await expect(ask(client, null, {})).rejects.toThrow(/invalid data or message pattern/i);
    await expect(ask(client, 'sum', { n: 1n })).rejects.toMatchObject({ code: 'UNSERIALIZABLE_DATA' });
  });
});
