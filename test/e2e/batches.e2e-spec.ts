import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  Controller,
  ForbiddenException,
  ParseArrayPipe,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { IsInt } from 'class-validator';
import {
  BatchFailure,
  defineContract,
  OnCommand,
  OnDomainEvent,
  RetryLater,
  SnsRecordBuilder,
  SqsBatchContext,
  SqsRecordBuilder,
  type BatchEvent,
} from 'nestjs-sns-sqs';
import { lastValueFrom, tap, type Observable } from 'rxjs';
import { z } from 'zod';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';
import { itNeeds } from './deviations.js';

const QUEUE = 'work-on-user-registered';
const batch = { size: 25, windowMs: 300 };
const useCase = { from: 'users', useCase: 'work', batch };
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const sorted = (numbers: number[]): number[] => [...numbers].sort((a, b) => a - b);

class Item {
  @IsInt()
  n: number;
}

describe('a batch', () => {
  const here = world();
  const emit = async (items: unknown[]): Promise<void> => {
    const events = here.events();
    await Promise.all(items.map(item => events.emit('user.registered', item)));
  };

  it('goes beyond ten, with the contexts of its payloads, and each message is told', async () => {
    const batches: number[][] = [];
    const told: BatchEvent[] = [];
    const tell = (fact: unknown): void => void told.push(fact as BatchEvent);
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', useCase)
      handle(@Payload() items: Item[], @Ctx() contexts: SqsBatchContext): void {
        expect(contexts).toBeInstanceOf(SqsBatchContext);
        expect(contexts.map(context => (JSON.parse(context.getMessage().Body ?? '') as { data: Item }).data)).toEqual(
          items,
        );
        expect(contexts.getPattern()).toBe('user.registered');
        batches.push(items.map(({ n }) => n));
      }
    }
    subscribe('nestjs-sns-sqs:batch', tell);
    await here.start([Work]);
    await emit(upTo(60).map(n => ({ n })));
    await waitFor('all', () => batches.flat().length === 60);
    await here.queue(QUEUE).untilEmpty();
    unsubscribe('nestjs-sns-sqs:batch', tell);
    expect(sorted(batches.flat())).toEqual(upTo(60));
    expect(Math.max(...batches.map(({ length }) => length))).toBeGreaterThan(10);
    expect(told.map(({ count }) => count)).toEqual(batches.map(({ length }) => length));
  });

  it.each([
    ['a ValidationPipe and `items`', { ...batch, items: Item }, undefined],
    ["Nest's ParseArrayPipe", batch, new ParseArrayPipe({ items: Item })],
  ])('is checked by %s, element by element: what is refused is a dead letter alone', async (_, ofClass, pipe) => {
    const handled: Array<[boolean, number, unknown]> = [];
    @Controller()
    @UsePipes(new ValidationPipe({ transform: true }))
    class Work {
      @OnDomainEvent('user.registered', { ...useCase, batch: ofClass })
      handle(@Payload(...(pipe ? [pipe] : [])) items: Item[], @Ctx() contexts: SqsBatchContext): void {
        for (const [at, item] of items.entries()) {
          const { data } = JSON.parse(contexts[at]?.getMessage().Body ?? '') as { data: Item };
          handled.push([item instanceof Item, item.n, data.n]);
        }
        expect(contexts).toHaveLength(items.length);
      }
    }
    await here.start([Work]);
    await emit([{ n: 1 }, { n: 'two' }, { n: 3 }]);
    await waitFor('both', () => handled.length === 2);
    await here.queue(QUEUE).untilEmpty();
    expect(handled.toSorted(([, a], [, b]) => a - b)).toEqual([
      [true, 1, 1],
      [true, 3, 3],
    ]);
    const { body } = await here.queue(`${QUEUE}-dlq`).takeOne();
    expect(JSON.parse(body)).toMatchObject({ data: { n: 'two' } });
    expect(await here.queue(`${QUEUE}-dlq`).size()).toBe(0);
  });

  it('fails those that its handler names, and retries them; the others are done', async () => {
    const calls: number[][] = [];
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', useCase)
      handle(@Payload() items: Item[]): void {
        calls.push(items.map(({ n }) => n));
        const failures = items.flatMap(({ n }, index) =>
          n % 5 === 0 && calls.length === 1 ? { index, error: new RetryLater(0) } : [],
        );
        throw new BatchFailure(failures);
      }
    }
    await here.start([Work]);
    await emit(upTo(20).map(n => ({ n })));
    const again = (): number => (calls[0] ?? []).filter(n => n % 5 === 0).length;
    await waitFor('all', () => calls.flat().length >= 20 + again());
    await here.queue(QUEUE).untilEmpty();
    const [first = [], ...others] = calls;
    expect(sorted(calls.flat())).toEqual(sorted([...upTo(20), ...first.filter(n => n % 5 === 0)]));
    expect(others.length).toBeGreaterThan(0);
    expect(await here.queue(`${QUEUE}-dlq`).size()).toBe(0);
  });

  it('does not take its good messages along into the dead-letter queue', async () => {
    const done: number[] = [];
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { ...useCase, maxReceiveCount: 3 })
      handle(@Payload() items: Item[]): void {
        if (items.some(({ n }) => n === 7)) throw new Error('a bad row');
        done.push(...items.map(({ n }) => n));
      }
    }
    await here.start([Work]);
    await emit(upTo(10).map(n => ({ n })));
    await waitFor('all good ones', () => done.length === 9);
    await here.queue(QUEUE).untilEmpty();
    expect(sorted(done)).toEqual(upTo(10).filter(n => n !== 7));
    expect(await here.queue(`${QUEUE}-dlq`).size()).toBe(1);
  });

  it('passes guards and interceptors once, and handles a duplicate once', async () => {
    const seen: string[] = [];
    class Guard implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        const rpc = context.switchToRpc();
        seen.push(`guard ${rpc.getData<unknown[]>().length} ${rpc.getContext<SqsBatchContext>().length}`);
        if (seen.length === 1) throw new ForbiddenException();
        return true;
      }
    }
    class Interceptor implements NestInterceptor {
      intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
        return next.handle().pipe(tap(() => seen.push('interceptor')));
      }
    }
    let handled = 0;
    @Controller()
    @UseGuards(new Guard())
    @UseInterceptors(new Interceptor())
    class Work {
      @OnDomainEvent('user.registered', useCase)
      async handle(@Payload() items: Item[]): Promise<number> {
        handled += items.length;
        return Promise.resolve(handled);
      }
    }
    await here.start([Work]);
    const twice = new SnsRecordBuilder({ n: 1 }).setId('the-same').build();
    await emit([{ n: 0 }, twice, twice]);
    await waitFor('both', () => handled === 2);
    await here.queue(QUEUE).untilEmpty();
    expect(handled).toBe(2);
    expect(seen.filter(text => text === 'interceptor').length).toBeLessThanOrEqual(2);
    expect(seen[0]).toBe('guard 2 2');
  });

  itNeeds('fifo-head-invisible')(
    "is checked by a contract, and keeps a FIFO group's order over failures; a request in it is answered",
    async () => {
      const handled: string[] = [];
      let failures = 3;
      @Controller()
      class Work {
        @contract.OnCommand('count', { batch: { size: 20, windowMs: 50 } })
        handle(items: Array<{ group: string; n: number }>): void {
          for (const [index, { group, n }] of items.entries()) {
            if (group === 'b' && n === 3 && failures > 0) {
              failures -= 1;
              throw new BatchFailure([{ index, error: new RetryLater(0) }, ...after(items, index)]);
            }
            handled.push(`${group}${n}`);
          }
        }
      }
      /** As the handler of a FIFO queue has it: what comes behind was not done. */
      const after = (items: unknown[], index: number) =>
        items.slice(index + 1).map((_, at) => ({ index: index + 1 + at, error: new RetryLater(0) }));
      await here.start([Work]);
      const commands = here.commands();
      for (const n of upTo(8)) {
        for (const group of ['a', 'b', 'c']) {
          await commands.emit('count', new SqsRecordBuilder({ group, n }).setGroupId(group).build());
        }
      }
      await commands.emit('count', new SqsRecordBuilder({ group: 'a', n: 'many' }).setGroupId('d').build());
      await waitFor('all', () => handled.length === 24);
      for (const group of ['a', 'b', 'c']) {
        expect(handled.filter(text => text.startsWith(group))).toEqual(upTo(8).map(n => group + n));
      }
      const { body } = await here.queue('notifications-async-commands-dlq.fifo').takeOne();
      expect(JSON.parse(body)).toMatchObject({ data: { n: 'many' } });
      const asked = new SqsRecordBuilder({ group: 'z', n: 1 }).setGroupId('z').build();
      await expect(lastValueFrom(commands.client.send('count', asked), { defaultValue: 'none' })).resolves.toBe('none');
      expect(handled.at(-1)).toBe('z1');
    },
  );

  it('is refused for a request, and for one of two handlers of a queue', async () => {
    @Controller()
    class Work {
      @OnCommand('one', { batch })
      one(): void {}

      @OnCommand('other')
      other(): void {}
    }
    await expect(here.start([Work])).rejects.toThrow(/one and other give .*async-commands\.fifo a different `batch`/);
  });
});

const contract = defineContract('notifications', {
  commands: { count: z.object({ group: z.string(), n: z.number() }) },
});
