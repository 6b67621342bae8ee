import { channel } from 'node:diagnostics_channel';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  OnCommand,
  OnDomainEvent,
  RetryLater,
  SnsRecordBuilder,
  SqsContext,
  type PublishedEvent,
  type ReceivedEvent,
  type SettledEvent,
  type StartedEvent,
  type StatusEvent,
} from 'nestjs-sns-sqs';
import { spiedClients, type Call } from '../support/spied-clients.js';
import { Gate, waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';
import { itNeeds } from './deviations.js';

const COMMANDS = 'notifications-async-commands.fifo';
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const named = (calls: Call[], operation: string): Call[] => calls.filter(call => call.operation === operation);

describe('the engine', () => {
  const here = world();

  itNeeds('closed-poll-takes-nothing')(
    'has at most `concurrency` messages in work, over all queues, and shares the slots between them',
    async () => {
      const running = new Set<symbol>();
      let most = 0;
      const done = { flooded: 0, quiet: 0 };
      let doneOfFloodedWhenQuietWasDone = 0;
      const work = async (queue: keyof typeof done): Promise<void> => {
        const token = Symbol();
        running.add(token);
        most = Math.max(most, running.size);
        await new Promise(resolve => setTimeout(resolve, 20));
        running.delete(token);
        done[queue] += 1;
        if (queue === 'quiet' && done.quiet === 5) doneOfFloodedWhenQuietWasDone = done.flooded;
      };
      @Controller()
      class Work {
        @OnDomainEvent('flood', { from: 'users', useCase: 'flooded' })
        flooded(): Promise<void> {
          return work('flooded');
        }

        @OnDomainEvent('drop', { from: 'users', useCase: 'quiet' })
        quiet(): Promise<void> {
          return work('quiet');
        }
      }
      const setUp = await here.start([Work]);
      await setUp.app.close();
      const { emit } = here.events();
      await Promise.all(upTo(300).map(n => emit('flood', n)));
      await Promise.all(upTo(5).map(n => emit('drop', n)));
      await here.start([Work], { concurrency: 4 });
      await waitFor('all to be handled', () => done.flooded >= 300 && done.quiet >= 5);
      expect(most).toBe(4);
      expect(doneOfFloodedWhenQuietWasDone).toBeLessThan(300);
    },
  );

  it('does not let a slow handler hold up another message or the poll', async () => {
    const gate = new Gate();
    let quick = 0;
    @Controller()
    class Work {
      @OnDomainEvent('work', { from: 'users', useCase: 'work' })
      async handle(@Payload() n: number): Promise<void> {
        if (n === 0) await gate.opened;
        else quick += 1;
      }
    }
    await here.start([Work]);
    const { emit } = here.events();
    await Promise.all(upTo(50).map(n => emit('work', n)));
    await waitFor('the 49 others', () => quick === 49);
    gate.open();
    await here.queue('work-on-work').untilEmpty();
  });

  it('settles in batches and receives in full: 0.25 calls a message at most', async () => {
    const { sqs, sns, calls } = spiedClients(here.aws);
    here.onClose(() => {
      sqs.destroy();
      sns.destroy();
    });
    let done = 0;
    @Controller()
    class Work {
      @OnDomainEvent('work', { from: 'users', useCase: 'work' })
      handle(): void {
        done += 1;
      }
    }
    const setUp = await here.start([Work]);
    await setUp.app.close();
    const { emit } = here.events();
    await Promise.all(upTo(200).map(n => emit('work', n)));
    await here.start([Work], { sqs, sns, consumer: { concurrency: 20 } });
    await waitFor('all', () => done === 200);
    await here.queue('work-on-work').untilEmpty();
    expect(named(calls, 'DeleteMessageBatch').length).toBeLessThanOrEqual(25);
    // Other servers give fewer messages than they have.
    expect(named(calls, 'ReceiveMessage').length).toBeLessThanOrEqual(process.env['AWS_ENDPOINT_URL'] ? 70 : 35);
  });

  it('polls an idle queue with one receive at a time', async () => {
    let most = 0;
    const { sqs, sns, calls } = spiedClients(here.aws, () => {
      most = Math.max(most, named(calls, 'ReceiveMessage').filter(({ ended }) => !ended).length);
      return undefined;
    });
    here.onClose(() => {
      sqs.destroy();
      sns.destroy();
    });
    @Controller()
    class Work {
      @OnDomainEvent('work', { from: 'users', useCase: 'work' })
      handle(): void {}
    }
    await here.start([Work], { sqs, sns, consumer: { concurrency: 100 } });
    await waitFor('some polls', () => named(calls, 'ReceiveMessage').length >= 3);
    expect(most).toBe(1);
  });

  itNeeds('fifo-head-invisible')(
    'dead-letters the failing head of a group and nothing behind it, whose receive counts rise meanwhile',
    async () => {
      const handled: number[] = [];
      @Controller()
      class Commands {
        @OnCommand('step')
        handle(@Payload() n: number): void {
          handled.push(n);
          if (n === 0) throw new Error('poison');
        }
      }
      const setUp = await here.start([Commands], { consumer: { maxReceiveCount: 3 } });
      await setUp.app.close();
      const { emit } = here.commands({ groupId: () => 'one' });
      await Promise.all(upTo(10).map(n => emit('step', n)));
      await here.start([Commands], { consumer: { maxReceiveCount: 3 } });
      await waitFor('the nine', () => handled.length === 12);
      expect(handled).toEqual([0, 0, 0, ...upTo(10).slice(1)]);
      const letter = await here.queue('notifications-async-commands-dlq.fifo').takeOne();
      expect(JSON.parse(letter.body)).toMatchObject({ data: 0 });
      await here.queue(COMMANDS).untilEmpty();
      expect(await here.queue('notifications-async-commands-dlq.fifo').size()).toBe(0);
    },
  );

  itNeeds('fifo-head-invisible')(
    "with onGroupFailure 'skip' dead-letters the failing head only, and the nine behind it go on in order",
    async () => {
      const handled: string[] = [];
      @Controller()
      class Commands {
        @OnCommand('step')
        handle(@Payload() n: number, @Ctx() context: SqsContext): void {
          handled.push(`${n}.${context.getAttempt()}`);
          if (n !== 0) return;
          throw context.getAttempt() < 3 ? new RetryLater(0) : new Error('poison');
        }
      }
      const options = { consumer: { maxReceiveCount: 5, onGroupFailure: 'skip' as const } };
      const setUp = await here.start([Commands], options);
      await setUp.app.close();
      const { emit } = here.commands({ groupId: () => 'one' });
      await Promise.all(upTo(10).map(n => emit('step', n)));
      await here.start([Commands], options);
      await waitFor('the nine', () => handled.length === 12);
      expect(handled).toEqual([
        '0.1',
        '0.2',
        '0.3',
        ...upTo(10)
          .slice(1)
          .map(n => `${n}.1`),
      ]);
      await here.queue(COMMANDS).untilEmpty();
      expect(await here.queue('notifications-async-commands-dlq.fifo').size()).toBe(1);
    },
  );

  it("handles the events of one subject one at a time with laneBy 'subject', different ones in parallel", async () => {
    const running = new Map<string, number>();
    let together = 0;
    let done = 0;
    const overlaps: string[] = [];
    @Controller()
    class Work {
      @OnDomainEvent('changed', { from: 'users', useCase: 'work' })
      async handle(@Ctx() context: SqsContext): Promise<void> {
        const subject = context.getMetadata().subject ?? '';
        if (running.has(subject)) overlaps.push(subject);
        running.set(subject, 1);
        together = Math.max(together, running.size);
        await new Promise(resolve => setTimeout(resolve, 5));
        running.delete(subject);
        done += 1;
      }
    }
    const setUp = await here.start([Work]);
    await setUp.app.close();
    const { emit } = here.events();
    await Promise.all(
      upTo(40).map(n => emit('changed', new SnsRecordBuilder({ n }).setSubject(`user-${n % 4}`).build())),
    );
    await here.start([Work], { queues: { 'work-on-changed': { laneBy: 'subject' } } });
    await waitFor('all', () => done === 40);
    expect(overlaps).toEqual([]);
    expect(together).toBeGreaterThan(1);
  });

  it('tells on diagnostics channels what was received, started, settled and published, and the status', async () => {
    const told: { [channel: string]: unknown[] } = {};
    for (const name of ['received', 'started', 'settled', 'published', 'status']) {
      const events: unknown[] = (told[name] = []);
      const listener = (event: unknown): void => void events.push(event);
      channel(`nestjs-sns-sqs:${name}`).subscribe(listener);
      here.onClose(() => channel(`nestjs-sns-sqs:${name}`).unsubscribe(listener));
    }
    @Controller()
    class Work {
      @OnDomainEvent('work', { from: 'users', useCase: 'work' })
      handle(@Ctx() context: SqsContext): void {
        if (context.getAttempt() === 1) throw new Error('once');
      }
    }
    const { app } = await here.start([Work]);
    await here.events().emit('work', {});
    await waitFor('both attempts', () => told['settled']?.length === 2);
    await app.close();
    const queue = `${here.prefix}work-on-work`;
    const published: PublishedEvent[] = [
      { destination: `${here.prefix}users-domain-events`, type: 'work', id: expect.any(String) as string, data: {} },
    ];
    const received: ReceivedEvent[] = [
      { queue, count: 1 },
      { queue, count: 1 },
    ];
    const messageId = expect.any(String) as string;
    const started: StartedEvent[] = [1, 2].map(attempt => ({ queue, messageId, attempt }));
    const durationMs = expect.any(Number) as number;
    const common = { queue, messageId, type: 'work', data: {}, durationMs };
    const settled: SettledEvent[] = [
      { ...common, attempt: 1, outcome: 'retry', error: new Error('once') },
      { ...common, attempt: 2, outcome: 'delete' },
    ];
    const status: StatusEvent[] = ['provisioning', 'polling', 'draining', 'closed'].map(each => ({
      service: 'notifications',
      status: each,
    }));
    expect(told).toEqual({ received, started, settled, published, status });
  });
});
