import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { OnDomainEvent, SqsContext, SQS_TRANSPORT } from 'nestjs-sns-sqs';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

describe('use cases', () => {
  const here = world();

  it('of one service on one event fail independently: each has its queue, and runs its own handler only', async () => {
    const calls: string[] = [];
    @Controller()
    class UseCases {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
      sendEmail(): void {
        calls.push('send-email');
        throw new Error('smtp is down');
      }

      @OnDomainEvent('user.registered', { from: 'users', useCase: 'create-profile' })
      createProfile(): void {
        calls.push('create-profile');
      }
    }
    await here.start([UseCases]);
    await here.events().emit('user.registered', { id: 1 });

    const letter = await here.queue('send-email-on-user-registered-dlq').takeOne();
    expect(JSON.parse(letter.body)).toMatchObject({ data: { id: 1 } });
    await here.queue('create-profile-on-user-registered').untilEmpty();
    expect(calls.filter(call => call === 'send-email')).toHaveLength(3);
    expect(calls.filter(call => call === 'create-profile')).toHaveLength(1);
    expect(await here.queue('create-profile-on-user-registered-dlq').size()).toBe(0);
  });

  it('of two services react to the same event, each in its own queue', async () => {
    const seen: string[] = [];
    @Controller()
    class Notifications {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
      handle(): void {
        seen.push('notifications');
      }
    }
    @Controller()
    class Users {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'create-preferences' })
      handle(): void {
        seen.push('users');
      }
    }
    await here.start([Notifications]);
    await here.start([Users], { service: 'users' });
    await here.events().emit('user.registered', {});
    await waitFor('both services to react', () => seen.length === 2);
    expect(seen.toSorted()).toEqual(['notifications', 'users']);
  });

  it('get the types that they name only: a user.deleted never enters a user.registered queue', async () => {
    const seen: string[] = [];
    @Controller()
    class UseCases {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
      registered(@Ctx() context: SqsContext): void {
        seen.push(`registered: ${context.getPattern()}`);
      }

      @OnDomainEvent('user.deleted', { from: 'users', useCase: 'forget' })
      deleted(@Ctx() context: SqsContext): void {
        seen.push(`deleted: ${context.getPattern()}`);
      }
    }
    await here.start([UseCases]);
    const events = here.events();
    for (const type of ['user.deleted', 'user.registered', 'user.deleted', 'user.registered.again', 'user.registere']) {
      await events.emit(type, {});
    }
    await waitFor('all to be handled', () => seen.length === 3);
    await here.queue('send-email-on-user-registered').untilEmpty();
    await here.queue('forget-on-user-deleted').untilEmpty();
    expect(seen.toSorted()).toEqual(['deleted: user.deleted', 'deleted: user.deleted', 'registered: user.registered']);
    expect(await here.queue('send-email-on-user-registered-dlq').size()).toBe(0);
    expect(await here.queue('forget-on-user-deleted-dlq').size()).toBe(0);
  });

  it('may take several types in one queue, each with its own handler', async () => {
    const extras = { topic: 'users-domain-events', queue: 'sync-recipient' };
    const seen: string[] = [];
    @Controller()
    class SyncRecipient {
      @EventPattern<string>('user.registered', SQS_TRANSPORT, extras)
      add(): void {
        seen.push('add');
      }

      @EventPattern<string>('user.deleted', SQS_TRANSPORT, extras)
      remove(): void {
        seen.push('remove');
      }
    }
    await here.start([SyncRecipient]);
    const events = here.events();
    await events.emit('user.registered', {});
    await events.emit('user.deleted', {});
    await waitFor('both to be handled', () => seen.length === 2);
    expect(seen.toSorted()).toEqual(['add', 'remove']);
  });

  it('may take a family of types: user.* becomes a prefix filter, the exact pattern wins', async () => {
    const extras = { topic: 'users-domain-events', queue: 'audit' };
    const seen: string[] = [];
    @Controller()
    class Audit {
      @EventPattern<string>('user.*', SQS_TRANSPORT, extras)
      any(@Payload() data: { n: number }, @Ctx() context: SqsContext): void {
        seen.push(`${data.n} any ${context.getPattern()}`);
      }

      @EventPattern<string>('user.deleted', SQS_TRANSPORT, extras)
      deleted(@Payload() data: { n: number }): void {
        seen.push(`${data.n} deleted`);
      }
    }
    await here.start([Audit]);
    const events = here.events();
    await events.emit('user.registered', { n: 1 });
    await events.emit('order.placed', { n: 2 });
    await events.emit('user.deleted', { n: 3 });
    await events.emit('user.email-changed', { n: 4 });
    await waitFor('the family to be handled', () => seen.length === 3);
    await here.queue('audit').untilEmpty();
    expect(seen.toSorted()).toEqual(['1 any user.registered', '3 deleted', '4 any user.email-changed']);
    expect(await here.queue('audit-dlq').size()).toBe(0);
    const subscription = await here.topic('users-domain-events').subscription(here.queue('audit'));
    expect(JSON.stringify(JSON.parse(subscription['FilterPolicy'] ?? ''))).toContain('"prefix":"user."');
  });
});
