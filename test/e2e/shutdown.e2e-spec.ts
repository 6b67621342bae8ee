import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { OnCommand, OnDomainEvent, SqsContext } from 'nestjs-sns-sqs';
import { Gate, waitFor } from '../support/wait-for.js';
import { itNeeds } from './deviations.js';
import { world } from '../support/world.js';

const QUEUE = 'work-on-user-registered';
const COMMANDS = 'notifications-async-commands.fifo';

/** LocalStack, where it is slow, hands messages to polls that are closed: they are visible when their lease ends. */
const LEASE_SECONDS = process.env['AWS_ENDPOINT_URL'] ? 20 : 600;

describe('shutdown', () => {
  const here = world();

  it('waits for the running handler, starts no other, and leaves the rest for others at once', async () => {
    const gate = new Gate();
    const started: number[] = [];
    const finished: number[] = [];
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      async handle(@Payload() { n }: { n: number }): Promise<void> {
        started.push(n);
        await gate.opened;
        finished.push(n);
      }
    }
    const { app, statuses } = await here.start([Work], { consumer: { concurrency: 1 } });
    const events = here.events();
    await events.emit('user.registered', { n: 0 });
    await waitFor('the first handler to start', () => started.length === 1);
    await Promise.all([1, 2, 3].map(n => events.emit('user.registered', { n })));

    let isClosed = false;
    const closing = app.close().then(() => (isClosed = true));
    await waitFor('the draining', () => statuses.includes('draining'));
    await waitFor('the unstarted to be visible', async () => (await here.queue(QUEUE).visible()) === 3);
    expect(isClosed).toBe(false);
    gate.open();
    await closing;
    expect(finished).toEqual([0]);
    expect(started).toEqual([0]);
    await here.queue(QUEUE).untilAllVisible(3);
    expect(statuses).toEqual(['idle', 'provisioning', 'polling', 'draining', 'closed']);
  });

  it('makes unstarted commands of a running group visible again as soon as it is over, in order', async () => {
    const gate = new Gate();
    const first: number[] = [];
    const second: Array<[number, number]> = [];
    @Controller()
    class First {
      @OnCommand('step')
      async handle(@Payload() { n }: { n: number }): Promise<void> {
        first.push(n);
        await gate.opened;
      }
    }
    @Controller()
    class Second {
      @OnCommand('step')
      handle(@Payload() { n }: { n: number }, @Ctx() context: SqsContext): void {
        second.push([n, context.getAttempt()]);
      }
    }
    const { app } = await here.start([First], {
      provisioning: 'create',
      consumer: { visibilityTimeoutSeconds: LEASE_SECONDS },
    });
    const commands = here.commands({ groupId: () => 'one' });
    await Promise.all([0, 1, 2, 3, 4].map(n => commands.emit('step', { n })));
    await waitFor('the first command to start', () => first.length === 1);
    const closing = app.close();
    gate.open();
    await closing;
    expect(first).toEqual([0]);
    await here.queue(COMMANDS).untilAllVisible(4);

    await here.start([Second], { consumer: { visibilityTimeoutSeconds: 600 } });
    await here.queue(COMMANDS).untilEmpty();
    expect(second.map(([n]) => n)).toEqual([1, 2, 3, 4]);
  });

  it('has flushed every settle when it is over: what was handled is gone', async () => {
    let handled = 0;
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      handle(): void {
        handled += 1;
      }
    }
    const { app } = await here.start([Work], { consumer: { concurrency: 50, visibilityTimeoutSeconds: 600 } });
    const events = here.events();
    await Promise.all(Array.from({ length: 50 }, (_, n) => events.emit('user.registered', { n })));
    await waitFor('some to be handled', () => handled >= 10);
    await app.close();
    await here.queue(QUEUE).untilAllVisible(50 - handled);
  });

  itNeeds('closed-poll-takes-nothing')(
    'gives back a message whose handler does not end within shutdownTimeoutMs, after its signal',
    async () => {
      const gate = new Gate();
      const reasons: unknown[] = [];
      let isStarted = false;
      @Controller()
      class Work {
        @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
        async handle(@Ctx() context: SqsContext): Promise<void> {
          context.getSignal().addEventListener('abort', () => reasons.push(context.getSignal().reason));
          isStarted = true;
          await gate.opened;
        }
      }
      const { app } = await here.start([Work], { shutdownTimeoutMs: 100, consumer: { visibilityTimeoutSeconds: 600 } });
      await here.events().emit('user.registered', {});
      await waitFor('the handler to start', () => isStarted);
      // Its handler still waits: for how long a stop waits for it, queue-consumer.stop.spec.ts tells in fake time.
      await app.close();
      expect(reasons).toHaveLength(1);
      expect(String(reasons[0])).toContain('shutdownTimeoutMs');
      await waitFor('it to be visible again', async () => (await here.queue(QUEUE).visible()) === 1);
      gate.open();
    },
  );

  it('publishes what is pending before a client has closed', async () => {
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      handle(): void {}
    }
    const { app } = await here.start([Work]);
    await app.close();
    const events = here.events({ publish: { lingerMs: 1_000 } });
    const emits = Array.from({ length: 15 }, (_, n) => events.emit('user.registered', { n }));
    // emit() connects first; the publishes are pending once it has.
    await events.client.connect();
    await events.client.close();
    await Promise.all(emits);
    await waitFor('all to be in the queue', async () => (await here.queue(QUEUE).size()) === 15);
    await expect(events.emit('user.registered', {})).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
  });

  it('may be asked for twice, and at once after the start', async () => {
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      handle(): void {}
    }
    const { app, server, statuses } = await here.start([Work]);
    await Promise.all([server.close(), server.close(), app.close()]);
    await server.close();
    expect(statuses).toEqual(['idle', 'provisioning', 'polling', 'draining', 'closed']);
  });
});
