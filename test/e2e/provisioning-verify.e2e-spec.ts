import { notifications } from '../support/notifications.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const QUEUE = 'send-email-on-user-registered';
const CHANGING = /^(Create|Subscribe|Set|Add|Remove|Tag|Untag|Delete(?!Message)|Purge)/;

describe("provisioning 'verify' and 'off'", () => {
  const here = world();
  let service = notifications();

  beforeEach(() => {
    service = notifications();
  });

  /** What a first instance with `create` leaves behind. */
  async function provisioned(): Promise<void> {
    const { app } = await here.start([service.controller]);
    await app.close();
  }

  it.each(['verify', 'off'] as const)("'%s' starts on what 'create' has made, and changes nothing", async mode => {
    await provisioned();
    const { sqs, sns, calls } = here.spied();
    await here.start([service.controller], { sqs, sns, provisioning: mode });
    expect(calls.filter(({ operation }) => CHANGING.test(operation) || /^List(?!QueueTags)/.test(operation))).toEqual(
      [],
    );
    await here.events().emit('user.registered', {});
    await waitFor('the event to be handled', () => service.handled === 1);
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

    const { sqs, sns, calls } = here.spied();
    const error = await here.start([service.controller], { sqs, sns, provisioning: 'verify' }).then(
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
    await expect(here.start([service.controller], { provisioning: 'verify' })).rejects.toMatchObject({
      code: 'TOPOLOGY_DIFFERS',
      message: expect.stringMatching(/Policy: wanted .*sns\.amazonaws\.com.*found nothing/) as string,
    });
  });

  it("'verify' lists what is missing, all of it", async () => {
    const error = await here.start([service.controller], { provisioning: 'verify' }).then(
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
    const { sqs, sns, calls } = here.spied();
    await expect(here.start([service.controller], { sqs, sns, provisioning: 'off' })).rejects.toMatchObject({
      name: 'SnsSqsError',
      code: 'QUEUE_NOT_FOUND',
      message: expect.stringMatching(new RegExp(`${here.prefix}.*Remedy`)) as string,
    });
    expect(calls.filter(({ operation }) => CHANGING.test(operation))).toEqual([]);
  });

  it("'off' does not look at what differs", async () => {
    await provisioned();
    await here.queue(QUEUE).setAttributes({ VisibilityTimeout: '77' });
    await here.start([service.controller], { provisioning: 'off' });
    await here.events().emit('user.registered', {});
    await waitFor('the event to be handled', () => service.handled === 1);
    expect(await here.queue(QUEUE).attributes()).toMatchObject({ VisibilityTimeout: '77' });
  });
});
