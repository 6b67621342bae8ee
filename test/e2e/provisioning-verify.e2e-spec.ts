import { Controller } from '@nestjs/common';
import { OnCommand, OnDomainEvent } from 'nestjs-sns-sqs';
import { spiedClients } from '../support/spied-clients.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const QUEUE = 'send-email-on-user-registered';
const CHANGING = /^(Create|Subscribe|Set|Add|Remove|Tag|Untag|Delete(?!Message)|Purge)/;

describe("provisioning 'verify' and 'off'", () => {
  const here = world();
  let handled = 0;

  @Controller()
  class Notifications {
    @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
    registered(): void {
      handled += 1;
    }

    @OnCommand('send-welcome-email')
    send(): void {}
  }

  beforeEach(() => {
    handled = 0;
  });

  const spied = () => {
    const spy = spiedClients(here.aws);
    here.onClose(() => {
      spy.sqs.destroy();
      spy.sns.destroy();
    });
    return spy;
  };

  /** What a first instance with `create` leaves behind. */
  async function provisioned(): Promise<void> {
    const { app } = await here.start([Notifications]);
    await app.close();
  }

  it.each(['verify', 'off'] as const)("'%s' starts on what 'create' has made, and changes nothing", async mode => {
    await provisioned();
    const { sqs, sns, calls } = spied();
    await here.start([Notifications], { sqs, sns, provisioning: mode });
    expect(calls.filter(({ operation }) => CHANGING.test(operation) || /^List(?!QueueTags)/.test(operation))).toEqual(
      [],
    );
    await here.events().emit('user.registered', {});
    await waitFor('the event to be handled', () => handled === 1);
  });

  it("'verify' fails the start with every difference, wanted and found, and changes none of them", async () => {
    await provisioned();
    const queue = here.queue(QUEUE);
    const commands = here.queue('notifications-async-commands.fifo');
    const topic = here.topic('users-domain-events');
    await queue.setAttributes({ VisibilityTimeout: '7' });
    await commands.setAttributes({ VisibilityTimeout: '8' });
    await topic.setSubscription(queue, 'FilterPolicy', '{"type":["user.deleted"]}');
    await topic.setSubscription(queue, 'RawMessageDelivery', 'false');
    const before = [await queue.attributes(), await commands.attributes(), await topic.subscription(queue)];

    const { sqs, sns, calls } = spied();
    const error = await here.start([Notifications], { sqs, sns, provisioning: 'verify' }).then(
      () => undefined,
      (failure: unknown) => failure as Error,
    );
    expect(error).toMatchObject({ name: 'SnsSqsError', code: 'TOPOLOGY_DIFFERS' });
    const message = error?.message ?? '';
    for (const part of [queue.name, commands.name, 'VisibilityTimeout: wanted 10, found 7', 'found 8', 'Remedy']) {
      expect(message).toContain(part);
    }
    expect(message).toContain('user.deleted');
    expect(message).toContain('user.registered');
    expect(message).toContain('RawMessageDelivery');
    expect(calls.filter(({ operation }) => CHANGING.test(operation))).toEqual([]);
    expect([await queue.attributes(), await commands.attributes(), await topic.subscription(queue)]).toEqual(before);
  });

  it("'verify' tells that the queue's policy keeps the topic out", async () => {
    await provisioned();
    await here.queue(QUEUE).setAttributes({ Policy: '' });
    await expect(here.start([Notifications], { provisioning: 'verify' })).rejects.toMatchObject({
      code: 'TOPOLOGY_DIFFERS',
      message: expect.stringMatching(/Policy: wanted .*sns\.amazonaws\.com.*found nothing/) as string,
    });
  });

  it("'verify' lists what is missing, all of it", async () => {
    const error = await here.start([Notifications], { provisioning: 'verify' }).then(
      () => undefined,
      (failure: unknown) => failure as Error,
    );
    expect(error).toMatchObject({ code: 'TOPOLOGY_DIFFERS' });
    const names = ['users-domain-events', QUEUE, `${QUEUE}-dlq`, 'notifications-async-commands.fifo'];
    for (const name of [...names, 'notifications-async-commands-dlq.fifo']) {
      expect(error?.message).toContain(`${here.prefix}${name}`);
    }
  });

  it("'off' fails the start when a queue is missing, with its name and the remedy", async () => {
    const { sqs, sns, calls } = spied();
    await expect(here.start([Notifications], { sqs, sns, provisioning: 'off' })).rejects.toMatchObject({
      name: 'SnsSqsError',
      code: 'QUEUE_NOT_FOUND',
      message: expect.stringMatching(new RegExp(`${here.prefix}.*Remedy`)) as string,
    });
    expect(calls.filter(({ operation }) => CHANGING.test(operation))).toEqual([]);
  });

  it("'off' does not look at what differs", async () => {
    await provisioned();
    await here.queue(QUEUE).setAttributes({ VisibilityTimeout: '77' });
    await here.start([Notifications], { provisioning: 'off' });
    await here.events().emit('user.registered', {});
    await waitFor('the event to be handled', () => handled === 1);
    expect(await here.queue(QUEUE).attributes()).toMatchObject({ VisibilityTimeout: '77' });
  });
});
