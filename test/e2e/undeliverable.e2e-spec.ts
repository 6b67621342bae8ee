import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { startLocalBroker, type LocalBroker } from 'local-sns-sqs';
import { OnDomainEvent } from 'nestjs-sns-sqs';
import { DeadLetterDesk } from 'nestjs-sns-sqs/dead-letters';
import { awsOf } from '../support/endpoint.js';
import { QueueProbe } from '../support/queue-probe.js';
import { spiedClients } from '../support/spied-clients.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const QUEUE = 'count-on-order-placed';
const handled: unknown[] = [];

@Controller()
class Orders {
  @OnDomainEvent('order.placed', { from: 'orders', useCase: 'count' })
  placed(@Payload() order: unknown): void {
    handled.push(order);
  }
}

/** SNS is refused by a policy, and not every server looks at policies: a broker of the test's own. */
describe('an event that SNS cannot deliver', () => {
  const here = world();
  let broker: LocalBroker;
  beforeEach(async () => {
    broker = await startLocalBroker();
    handled.length = 0;
  });
  afterEach(() => broker.stop());

  it('waits in the dead letter queue of its use case, and a redrive brings it to its handler', async () => {
    const aws = awsOf(broker.endpoint);
    await here.start([Orders], { aws });
    const { sqs, sns } = spiedClients(aws);
    here.onClose(() => [sqs, sns].forEach(client => client.destroy()));
    const queue = new QueueProbe(sqs, `${here.prefix}${QUEUE}`);
    const letters = new QueueProbe(sqs, `${here.prefix}${QUEUE}-dlq`);
    const { Policy = '' } = await queue.attributes();
    await queue.setAttributes({ Policy: '' });

    await here.events({ service: 'orders', aws }).emit('order.placed', { id: 1 });
    await letters.untilAllVisible(1);
    expect(handled).toEqual([]);

    await queue.setAttributes({ Policy });
    const desk = new DeadLetterDesk({ aws });
    here.onClose(() => desk.close());
    expect(await desk.redrive({ queue: letters.name, all: true })).toMatchObject({
      sent: 1,
      targets: { [queue.name]: 1 },
    });
    await waitFor('the event', () => handled.length === 1);
    expect(handled).toEqual([{ id: 1 }]);
  });
});
