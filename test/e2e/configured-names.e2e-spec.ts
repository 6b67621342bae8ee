import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { defineContract, OnCommand, OnDomainEvent, SQS_TRANSPORT, SqsContext, typed } from 'nestjs-sns-sqs';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const users = defineContract('users', { events: { 'user.renamed': typed<{ id: string }>() } });

describe('names in decorators', () => {
  const here = world();

  it("come from the server's config, and the log tells on what each handler listens", async () => {
    const queues: string[] = [];
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: ({ config }) => config['publisher'], useCase: 'greet' })
      registered(@Ctx() context: SqsContext): void {
        queues.push(context.getQueue());
      }

      @users.OnEvent('user.renamed', { useCase: 'rename', queue: ({ config }) => config['renames'] })
      renamed(@Payload() _: { id: string }, @Ctx() context: SqsContext): void {
        queues.push(context.getQueue());
      }

      @EventPattern<string>('user.deleted', SQS_TRANSPORT, {
        topic: () => 'users-domain-events',
        queue: ({ service }: { service: string }) => `${service}-forget`,
      })
      deleted(@Ctx() context: SqsContext): void {
        queues.push(context.getQueue());
      }

      @OnCommand('greet')
      greet(): void {}
    }
    const { server } = await here.start([Work], { config: { publisher: 'users', renames: 'renames' } });
    const events = here.events();
    for (const type of ['registered', 'renamed', 'deleted']) await events.emit(`user.${type}`, { id: '1' });
    await waitFor('all three', () => queues.length === 3);
    const names = ['greet-on-user-registered', 'notifications-forget', 'renames'];
    expect(queues.toSorted()).toEqual(names.map(name => `${here.prefix}${name}`));

    // A computed name is one that can be paused.
    await server.pause('renames');
    expect(server.health().queues[`${here.prefix}renames`]?.status).toBe('held');
    server.resume('renames');

    const topic = `${here.prefix}users-domain-events`;
    expect(here.logs.with(/^Handles /, 'log').toSorted()).toEqual([
      `Handles the command "greet", queue ${here.prefix}notifications-async-commands.fifo, no topic.`,
      `Handles the event "user.deleted" of the topic ${topic}, queue ${here.prefix}notifications-forget.`,
      `Handles the event "user.registered" of the topic ${topic}, queue ${here.prefix}greet-on-user-registered.`,
      `Handles the event "user.renamed" of the topic ${topic}, queue ${here.prefix}renames.`,
    ]);
    expect(here.logs.with('Events of a topic do not reach them', 'log')).toHaveLength(1);
  });

  it('that cannot be computed fail the start; a misspelt extra is a warning', async () => {
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work', queue: ({ config }) => config['qeue'] })
      registered(): void {}
    }
    await expect(here.start([Work], { config: { queue: 'work' } })).rejects.toMatchObject({
      code: 'INVALID_HANDLER',
      message: expect.stringContaining('`config` has no `qeue` (did you mean `queue`?)') as string,
    });

    @Controller()
    class Misspelt {
      @EventPattern<string>('user.registered', SQS_TRANSPORT, { topci: 'users-domain-events', queue: 'misspelt' })
      registered(): void {}
    }
    await here.start([Misspelt]);
    expect(here.logs.with('the extra `topci` has no meaning here (did you mean `topic`?)', 'warn')).toHaveLength(1);
  });
});

describe("a client with groupId: 'none'", () => {
  const here = world();

  it('sends to a FIFO queue what waits for nothing before it', async () => {
    const handled: number[] = [];
    @Controller()
    class Work {
      @OnCommand('step')
      step(@Payload() n: number): void {
        if (n === 1 && handled.length === 0) throw new Error('the second overtakes me');
        handled.push(n);
      }
    }
    // One at a time, so that the second is handled after the first has failed.
    await here.start([Work], { consumer: { concurrency: 1 } });
    const commands = here.commands({ groupId: 'none' });
    await commands.emit('step', 1);
    await commands.emit('step', 2);
    await waitFor('both', () => handled.length === 2);
    expect(handled).toEqual([2, 1]);
  });
});
