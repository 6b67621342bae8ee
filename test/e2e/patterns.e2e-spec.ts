import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload, Transport } from '@nestjs/microservices';
import { OnDomainEvent, SQS_TRANSPORT, SqsContext } from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

describe('patterns', () => {
  const here = world();
  const ask = (pattern: unknown, data: unknown = {}): Promise<unknown> =>
    lastValueFrom(here.commands().client.send<unknown, unknown>(pattern, data));

  it.each<[string, unknown, unknown]>([
    ['a text', 'sum', 'sum'],
    ['a number', 42, 42],
    ['an object', { cmd: 'sum' }, { cmd: 'sum' }],
    ['an object whose keys stand in another order', { a: 1, b: { c: 'x', d: 2 } }, { b: { d: 2, c: 'x' }, a: 1 }],
    ['an object with quotes', { cmd: 'say "hi"' }, { cmd: 'say "hi"' }],
  ])('may be %s', async (_, declared, sent) => {
    @Controller()
    class Sums {
      @MessagePattern(declared as string)
      sum(): string {
        return 'here';
      }
    }
    await here.start([Sums]);
    expect(await ask(sent)).toBe('here');
  });

  it('of a list are a handler each', async () => {
    @Controller()
    class Sums {
      @MessagePattern(['add', { cmd: 'plus' }])
      sum(@Ctx() context: SqsContext): string {
        return context.getPattern();
      }
    }
    await here.start([Sums]);
    expect(await ask('add')).toBe('add');
    expect(await ask({ cmd: 'plus' })).toBe('{"cmd":"plus"}');
  });

  it('with a wildcard take what has no handler of its own, the longest first', async () => {
    @Controller()
    class Users {
      @MessagePattern('*')
      any(): string {
        return 'any';
      }

      @MessagePattern('user.*')
      user(@Ctx() context: SqsContext): string {
        return `user: ${context.getPattern()}`;
      }

      @MessagePattern('user.rename')
      rename(): string {
        return 'rename';
      }
    }
    await here.start([Users]);
    expect(await ask('user.rename')).toBe('rename');
    expect(await ask('user.delete')).toBe('user: user.delete');
    expect(await ask('order.cancel')).toBe('any');
  });

  it('of events may have a wildcard, and SNS delivers what it means', async () => {
    const seen: string[] = [];
    @Controller()
    class Audit {
      @OnDomainEvent('user.*', { from: 'users', useCase: 'audit', queue: 'audit-users' })
      user(@Ctx() context: SqsContext): void {
        seen.push(`user: ${context.getPattern()}`);
      }

      @EventPattern<string>('*', SQS_TRANSPORT, { topic: 'users-domain-events', queue: 'archive' })
      archive(@Ctx() context: SqsContext): void {
        seen.push(`archive: ${context.getPattern()}`);
      }

      @EventPattern<{ event: string }>({ event: 'merged' }, SQS_TRANSPORT, {
        topic: 'users-domain-events',
        queue: 'on-merged',
      })
      merged(@Payload('into') into: string): void {
        seen.push(`merged into ${into}`);
      }
    }
    await here.start([Audit]);
    const events = here.events();
    await events.emit('user.registered', {});
    await events.emit('group.made', {});
    await lastValueFrom(events.client.emit({ event: 'merged' }, { into: 'ada' }), { defaultValue: undefined });
    await waitFor('every delivery', () => seen.length === 5);
    expect(seen.toSorted()).toEqual([
      'archive: group.made',
      'archive: user.registered',
      'archive: {"event":"merged"}',
      'merged into ada',
      'user: user.registered',
    ]);
  });

  it('bound to another transport are not registered', async () => {
    @Controller()
    class Sums {
      @MessagePattern('mine', SQS_TRANSPORT)
      mine(): string {
        return 'mine';
      }

      @MessagePattern('tcp', Transport.TCP)
      tcp(): string {
        return 'tcp';
      }

      @MessagePattern('everybody')
      everybody(): string {
        return 'everybody';
      }
    }
    await here.start([Sums]);
    expect(await ask('mine')).toBe('mine');
    expect(await ask('everybody')).toBe('everybody');
    await expect(ask('tcp')).rejects.toMatch(/no matching message handler/);
  });
});
