import { Controller } from '@nestjs/common';
import { OnDomainEvent } from 'nestjs-sns-sqs';
import { spiedClients } from '../support/spied-clients.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

/** Twice the sockets that an SDK client has. */
const QUEUES = 100;
/** Servers of others share two cores with the suite, and serve each long poll by a thread. */
const itOnTheBroker = process.env['AWS_ENDPOINT_URL'] ? it.skip : it;

describe(`a server with ${QUEUES} queues`, () => {
  const here = world();

  itOnTheBroker('deletes while a long poll is held on each of them', async () => {
    const handled: number[] = [];
    @Controller()
    class Work {}
    for (let n = 0; n < QUEUES; n += 1) {
      const descriptor = { value: () => handled.push(n), configurable: true, writable: true };
      Object.defineProperty(Work.prototype, `work${n}`, descriptor);
      OnDomainEvent(`work-${n}`, { from: 'users', useCase: `do-${n}` })(Work.prototype, `work${n}`, descriptor);
    }
    const { sqs, sns, calls } = spiedClients(here.aws);
    here.onClose(() => {
      sqs.destroy();
      sns.destroy();
    });
    await here.start([Work], { sqs, sns, consumer: { waitTimeSeconds: 20 } });
    const held = () => calls.filter(({ operation, ended }) => operation === 'ReceiveMessage' && !ended);
    await waitFor('a poll of each queue', () => held().length === QUEUES);
    const polls = held();

    await here.events().emit('work-7', {});
    const deleted = await waitFor('the delete', () =>
      calls.find(({ operation, ended }) => operation === 'DeleteMessageBatch' && ended),
    );
    expect(deleted.input['QueueUrl']).toContain('do-7-on-work-7');
    expect(handled).toEqual([7]);
    // Only the poll that brought the message has ended: the delete had none of the others' sockets to wait for.
    expect(polls.filter(({ ended }) => ended).map(({ input }) => input['QueueUrl'])).toEqual([
      deleted.input['QueueUrl'],
    ]);
  });
});
