import { ListSubscriptionsByTopicCommand } from '@aws-sdk/client-sns';
import { DeleteQueueCommand } from '@aws-sdk/client-sqs';
import { Controller, type Type } from '@nestjs/common';
import { OnDomainEvent, SnsRecordBuilder, type InboxStore } from 'nestjs-sns-sqs';
import { sharedStore } from '../support/versions.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const OLD = 'send-mail-on-user-registered';
const NEW = 'send-email-on-user-registered';

describe('a use case that was renamed', () => {
  const here = world();
  let handled: number[] = [];

  @Controller()
  class Before {
    @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-mail' })
    registered({ id }: { id: number }): void {
      handled.push(id);
    }
  }

  @Controller()
  class After {
    @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email', formerly: [OLD] })
    registered({ id }: { id: number }): void {
      handled.push(id);
    }
  }

  const emit = async (from: number, to: number): Promise<void> => {
    const events = here.events();
    await Promise.all(Array.from({ length: to - from }, (_, n) => events.emit('user.registered', { id: from + n })));
  };
  const ids = (count: number): number[] => Array.from({ length: count }, (_, id) => id);
  const sorted = (): number[] => handled.toSorted((a, b) => a - b);

  beforeEach(() => {
    handled = [];
  });

  it('has what waits under its old name handled, once each, and is subscribed under the new one only', async () => {
    const old = await here.start([Before]);
    await old.app.close();
    await emit(0, 20);
    await here.start([After]);
    await emit(20, 40);
    await waitFor('all events to be handled', () => handled.length >= 40);
    await Promise.all([here.queue(OLD).untilEmpty(), here.queue(NEW).untilEmpty()]);
    expect(sorted()).toEqual(ids(40));
    const TopicArn = await here.topic('users-domain-events').arn();
    const { Subscriptions = [] } = await here.clients.sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
    expect(Subscriptions.map(({ Endpoint }) => Endpoint?.split(':').at(-1))).toEqual([here.queue(NEW).name]);
  });

  it('handles each event once while the old version still runs, and starts again, beside the new one', async () => {
    const old = await here.start([Before]);
    await emit(0, 10);
    await here.start([After]);
    await emit(10, 20);
    await old.app.close();
    // It subscribes its queue again: what both queues get is one event to the inbox of one process or store.
    await here.start([Before]);
    await emit(20, 30);
    await waitFor('all events to be handled', () => new Set(handled).size === 30);
    await Promise.all([here.queue(OLD).untilEmpty(), here.queue(NEW).untilEmpty()]);
    expect([...new Set(sorted())]).toEqual(ids(30));
  });

  it('calls an event in from the old queue as soon as the one before it has been handled in the new one', async () => {
    @Controller()
    class Ordered {
      @OnDomainEvent('user.registered', {
        from: 'users',
        useCase: 'send-email',
        formerly: [OLD],
        ordering: 'sequential',
        startAt: 1,
      })
      registered({ id }: { id: number }): void {
        handled.push(id);
      }
    }
    const events = here.events();
    const emitNumber = (id: number): Promise<void> =>
      events.emit('user.registered', new SnsRecordBuilder({ id }).setSubject('ada').setSequence(id).build());
    const old = await here.start([Before]);
    await old.app.close();

    await emitNumber(2);
    await here.start([Ordered]);
    await waitFor('the early event to be hidden', async () => (await here.queue(OLD).visible()) === 0);
    await emitNumber(1);

    // Nobody called it in, it would come after 30 s.
    await waitFor('both to be handled', () => handled.length === 2);
    expect(handled).toEqual([1, 2]);
  });

  it.each(['no order', 'positions in memory', 'the latest position in memory', 'positions in another store'])(
    'dead-letters no event since one before it was handled by an old version that keeps %s',
    async kept => {
      @Controller()
      class Ordered {
        @OnDomainEvent('user.registered', {
          from: 'users',
          useCase: 'send-email',
          formerly: [OLD],
          ordering: 'sequential',
          gapTimeoutMs: 1_000,
          onGapTimeout: 'dead-letter',
        })
        registered({ id }: { id: number }): void {
          handled.push(id);
        }
      }
      @Controller()
      class Latest {
        @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email', ordering: 'latest' })
        registered({ id }: { id: number }): void {
          handled.push(id);
        }
      }
      const storeOf = (identity: string): InboxStore =>
        Object.defineProperty(sharedStore(), 'identity', { value: identity });
      const shared = { store: storeOf('postgres.app') };
      const events = here.events();
      const handles = async (version: Type, inbox: { store?: InboxStore }, ...ids: number[]): Promise<void> => {
        const { app } = await here.start([version], { inbox });
        for (const id of ids) {
          await events.emit('user.registered', new SnsRecordBuilder({ id }).setSubject('ada').setSequence(id).build());
          await waitFor(`${id} to be handled`, () => handled.includes(id));
        }
        await app.close();
      };
      const [old, own] = new Map<string, [Type, { store?: InboxStore }]>([
        ['no order', [Before, shared]],
        ['positions in memory', [Ordered, {}]],
        ['the latest position in memory', [Latest, {}]],
        ['positions in another store', [Ordered, { store: storeOf('redis.0.inbox') }]],
      ]).get(kept) ?? [Before, shared];
      await handles(old, own);
      await handles(Ordered, shared, 1);
      await handles(old, own, 2, 3);
      await handles(Ordered, shared, 4, 5);
      expect(await here.queue(`${NEW}-dlq`).size()).toBe(0);
      expect(handled).toEqual([1, 2, 3, 4, 5]);
    },
  );

  it('starts where the old queue has never been, and goes on when it is deleted', async () => {
    const { app } = await here.start([After]);
    await app.close();
    const old = await here.start([Before]);
    await old.app.close();
    const { statuses } = await here.start([After]);
    await here.clients.sqs.send(new DeleteQueueCommand({ QueueUrl: await here.queue(OLD).url() }));
    await waitFor(
      'the drained queue to be given up',
      () => here.logs.with(/no longer exists and receives no more messages/).length > 0,
    );
    await emit(0, 5);
    await waitFor('all events to be handled', () => handled.length === 5);
    expect(statuses.at(-1)).toBe('polling');
  });
});
