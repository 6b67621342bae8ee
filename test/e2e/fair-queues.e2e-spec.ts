import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { DeadLetterDesk } from 'nestjs-sns-sqs/dead-letters';
import { DeadLetter, OnDomainEvent, SnsRecordBuilder, SqsContext, SQS_TRANSPORT } from 'nestjs-sns-sqs';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

interface Order {
  id: number;
  tenant: string;
}

const handled: string[] = [];
let refuses = false;

@Controller()
class Orders {
  @OnDomainEvent('order.placed', { from: 'orders', useCase: 'count' })
  placed(@Payload() order: Order, @Ctx() context: SqsContext): void {
    this.note(order, context);
    if (refuses) throw new DeadLetter('not today');
  }

  @EventPattern<string>('pack', SQS_TRANSPORT, { queue: 'packing' })
  pack(@Payload() order: Order, @Ctx() context: SqsContext): void {
    this.note(order, context);
  }

  private note({ id }: Order, context: SqsContext): void {
    handled.push(`${id} ${context.getMessage().Attributes?.['MessageGroupId'] ?? 'no group'}`);
  }
}

/** The message group of a standard queue is its tenant: it has no order (sqs-fair-queues). */
describe('fair queues', () => {
  const here = world();
  const groupId = (_: string, data: unknown): string | undefined => (data as Order).tenant || undefined;
  beforeEach(() => {
    handled.length = 0;
    refuses = false;
  });

  it('get the tenant of each event through SNS, and of each command', async () => {
    await here.start([Orders]);
    const events = here.events({ service: 'orders', groupId });
    const commands = here.commands({ queue: 'packing', groupId });
    await events.emit('order.placed', { id: 1, tenant: 'acme' });
    await events.emit('order.placed', new SnsRecordBuilder({ id: 2, tenant: 'acme' }).setGroupId('globex').build());
    await events.emit('order.placed', { id: 3, tenant: '' });
    await commands.emit('pack', { id: 4, tenant: 'acme' });
    await waitFor('all four', () => handled.length === 4);
    expect(handled.toSorted()).toEqual(['1 acme', '2 globex', '3 no group', '4 acme']);
  });

  it('keep the tenant in a dead letter, and when it is sent again', async () => {
    refuses = true;
    await here.start([Orders]);
    await here.events({ service: 'orders', groupId }).emit('order.placed', { id: 1, tenant: 'acme' });
    const letters = here.queue('count-on-order-placed-dlq');
    await letters.untilAllVisible(1);
    refuses = false;
    const desk = new DeadLetterDesk({ aws: here.aws, prefix: here.prefix });
    try {
      const report = await desk.redrive({ queue: letters.name, all: true });
      expect(report).toMatchObject({ sent: 1 });
    } finally {
      desk.close();
    }
    await waitFor('the second time', () => handled.length === 2);
    expect(handled).toEqual(['1 acme', '1 acme']);
  });
});
