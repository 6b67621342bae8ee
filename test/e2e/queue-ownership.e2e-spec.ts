import { ListQueueTagsCommand, UntagQueueCommand } from '@aws-sdk/client-sqs';
import { Controller } from '@nestjs/common';
import { OnCommand, OnDomainEvent, type Provisioning } from 'nestjs-sns-sqs';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const QUEUE = 'send-email-on-user-registered';

describe('two services with one idea of a name', () => {
  const here = world();
  let handled = 0;

  @Controller()
  class SendEmail {
    @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
    registered(): void {
      handled += 1;
    }
  }

  beforeEach(() => {
    handled = 0;
  });

  const tagsOf = async (name: string): Promise<Record<string, string>> => {
    const QueueUrl = await here.queue(name).url();
    return (await here.clients.sqs.send(new ListQueueTagsCommand({ QueueUrl }))).Tags ?? {};
  };

  it.each<Provisioning>(['create', 'verify', 'off'])(
    'the second does not start, is told both names and what to do, and takes no message: %s',
    async provisioning => {
      await here.start([SendEmail]);
      await expect(here.start([SendEmail], { service: 'marketing', provisioning })).rejects.toMatchObject({
        name: 'SnsSqsError',
        code: 'QUEUE_OWNED_BY_ANOTHER',
        message: expect.stringMatching(
          /belongs to the service notifications, and marketing .*useCase.*formerly/,
        ) as string,
      });
      const events = here.events();
      await Promise.all(Array.from({ length: 10 }, (_, id) => events.emit('user.registered', { id })));
      await waitFor('all events to be handled', () => handled === 10);
    },
  );

  it('exactly one of two that start in the same moment gets a new queue', async () => {
    const both = [here.start([SendEmail]), here.start([SendEmail], { service: 'marketing' })];
    const outcomes = await Promise.allSettled(both);
    const failed = outcomes.filter(outcome => outcome.status === 'rejected');
    expect(failed).toEqual([
      expect.objectContaining({ reason: expect.objectContaining({ code: 'QUEUE_OWNED_BY_ANOTHER' }) as Error }),
    ]);
  });

  it('a service that was renamed takes its queues over', async () => {
    const { app } = await here.start([SendEmail]);
    await app.close();
    await here.start([SendEmail], { service: 'messages', formerly: ['notifications'] });
    expect(await tagsOf(QUEUE)).toMatchObject({ 'nestjs-sns-sqs:service': 'messages' });
    await here.events().emit('user.registered', {});
    await waitFor('the event to be handled', () => handled === 1);
  });

  it('create claims a queue without an owner', async () => {
    const { app } = await here.start([SendEmail]);
    await app.close();
    const QueueUrl = await here.queue(QUEUE).url();
    await here.clients.sqs.send(new UntagQueueCommand({ QueueUrl, TagKeys: ['nestjs-sns-sqs:service'] }));
    await here.start([SendEmail], { service: 'marketing' });
    expect(await tagsOf(QUEUE)).toMatchObject({ 'nestjs-sns-sqs:service': 'marketing' });
  });

  it('a command queue that a client has made belongs to the service that is commanded', async () => {
    await here.commands({ groupId: () => 'g' }).emit('send-welcome-email', {});
    expect(await tagsOf('notifications-async-commands.fifo')).toEqual({ 'nestjs-sns-sqs:service': 'notifications' });
    let sent = 0;
    @Controller()
    class Commands {
      @OnCommand('send-welcome-email')
      send(): void {
        sent += 1;
      }
    }
    await here.start([Commands]);
    await waitFor('the command to be handled', () => sent === 1);
  });
});
