import { Controller, type Type } from '@nestjs/common';
import { OnDomainEvent, type Provisioning } from 'nestjs-sns-sqs';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const QUEUE = 'sync-recipient';
const extras = { useCase: 'sync', queue: QUEUE };

describe('an old and a new version side by side', () => {
  const here = world();
  let handled: string[] = [];

  @Controller()
  class Old {
    @OnDomainEvent('user.registered', { from: 'users', ...extras })
    registered({ id }: { id: string }): void {
      handled.push(id);
    }
  }

  /** Another type of the same topic, a type of another topic, a pattern that SNS cannot express. */
  @Controller()
  class New {
    @OnDomainEvent('user.registered', { from: 'users', ...extras })
    registered({ id }: { id: string }): void {
      handled.push(id);
    }

    @OnDomainEvent('user.*.v2', { from: 'users', ...extras })
    changed({ id }: { id: string }): void {
      handled.push(id);
    }

    @OnDomainEvent('order.placed', { from: 'orders', ...extras })
    placed({ id }: { id: string }): void {
      handled.push(id);
    }
  }

  const NEW_OPTIONS = { consumer: { visibilityTimeoutSeconds: 20, maxReceiveCount: 4 } };

  beforeEach(() => {
    handled = [];
  });

  const emitAll = async (round: string): Promise<string[]> => {
    const [users, orders] = [here.events(), here.events({ service: 'orders' })];
    const sent = Array.from({ length: 5 }, (_, n) => `${round}-${n}`);
    await Promise.all(
      sent.flatMap(id => [
        users.emit('user.registered', { id: `registered-${id}` }),
        users.emit('user.renamed.v2', { id: `changed-${id}` }),
        orders.emit('order.placed', { id: `placed-${id}` }),
      ]),
    );
    return sent.flatMap(id => [`registered-${id}`, `changed-${id}`, `placed-${id}`]);
  };

  const restarted = async (controllers: Type[], options: object): Promise<void> => {
    const { app } = await here.start(controllers, options);
    await app.close();
  };

  it.each<Provisioning>(['create', 'verify', 'off'])(
    'an old instance that starts after the new one takes nothing away from it: %s',
    async provisioning => {
      await restarted([Old], {});
      const { app } = await here.start([New], NEW_OPTIONS);
      const state = async () => [
        await here.queue(QUEUE).attributes(),
        await here.topic('users-domain-events').subscription(here.queue(QUEUE)),
        await here.topic('orders-domain-events').subscription(here.queue(QUEUE)),
      ];
      const settings = ({
        VisibilityTimeout,
        RedrivePolicy,
        Policy,
        FilterPolicy,
        MessageRetentionPeriod,
      }: Record<string, string>) => ({
        VisibilityTimeout,
        RedrivePolicy,
        Policy,
        FilterPolicy,
        MessageRetentionPeriod,
      });
      const before = (await state()).map(settings);
      await restarted([Old], { provisioning });
      expect((await state()).map(settings)).toEqual(before);
      const sent = await emitAll(provisioning);
      await waitFor('all events to be handled', () => sent.every(id => handled.includes(id)));
      await here.queue(QUEUE).untilEmpty();
      expect(await here.queue(`${QUEUE}-dlq`).size()).toBe(0);
      await app.close();
    },
  );

  it('says once per start which types it does not take', async () => {
    await restarted([New], NEW_OPTIONS);
    here.logs.clear();
    await restarted([Old], {});
    expect(here.logs.with(/let through user\.\*, order\.placed|let through .*user\.\*/, 'warn')).toHaveLength(1);
  });
});
