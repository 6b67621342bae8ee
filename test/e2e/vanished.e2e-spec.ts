import { Controller } from '@nestjs/common';
import { OnCommand, OnDomainEvent } from 'nestjs-sns-sqs';
import { startLocalBroker, type LocalBroker } from 'local-sns-sqs';
import { awsOf } from '../support/endpoint.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const portOf = ({ endpoint }: LocalBroker): number => Number(new URL(endpoint).port);

describe('what vanishes under a running server', () => {
  const here = world();
  let handled: number[] = [];

  @Controller()
  class Notifications {
    @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
    registered({ id }: { id: number }): void {
      handled.push(id);
    }

    @OnCommand('send-welcome-email')
    send(): void {}
  }

  beforeEach(() => {
    handled = [];
  });

  let broker: LocalBroker | undefined;
  afterEach(async () => {
    await broker?.stop();
    broker = undefined;
  });

  it('a broker that starts again empty: everything is made again, the log says why, and work goes on', async () => {
    broker = await startLocalBroker({ port: 0 });
    const port = portOf(broker);
    const aws = awsOf(broker.endpoint);
    await here.start([Notifications], { aws });
    const events = here.events({ aws });
    await events.emit('user.registered', { id: 1 });
    await waitFor('the first event', () => handled.includes(1));
    await broker.stop();
    await waitFor(
      'the fault to be told',
      () => here.logs.with(/ECONNREFUSED|socket hang up|ECONNRESET/, 'error').length > 0,
    );
    broker = await startLocalBroker({ port });
    await waitFor(
      'the changed reason to be told',
      () => here.logs.with(/QueueDoesNotExist|NonExistentQueue/, 'error').length > 0,
    );
    await waitFor('both queues to be received from again', () => here.logs.with(/receives work again/).length >= 2);
    await events.emit('user.registered', { id: 2 });
    await waitFor('the second event', () => handled.includes(2));
  });

  it("'off' says what is missing, and goes on when it is there again", async () => {
    broker = await startLocalBroker({ port: 0 });
    const port = portOf(broker);
    const aws = awsOf(broker.endpoint);
    const first = await here.start([Notifications], { aws });
    await first.app.close();
    await here.start([Notifications], { aws, provisioning: 'off' });
    await broker.stop();
    broker = await startLocalBroker({ port });
    await waitFor(
      'the reason to be told',
      () => here.logs.with(/QueueDoesNotExist|NonExistentQueue/, 'error').length > 0,
    );
    const other = await here.start([Notifications], { aws });
    await other.app.close();
    await here.events({ aws }).emit('user.registered', { id: 3 });
    await waitFor('the event', () => handled.includes(3));
  });
});
