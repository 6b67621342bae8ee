import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { OnCommand, SqsContext, SqsRecordBuilder } from 'nestjs-sns-sqs';
import { Gate, waitFor } from '../support/wait-for.js';
import { itNeeds } from './deviations.js';
import { world } from '../support/world.js';

interface Step {
  group: string;
  n: number;
}

const QUEUE = 'notifications-async-commands.fifo';
const DLQ = 'notifications-async-commands-dlq.fifo';
const GROUPS = ['a', 'b', 'c', 'd', 'e'];

const byGroup = (_: string, data: unknown): string => (data as Step).group;
const numbers = (steps: Step[], group: string): number[] => steps.filter(s => s.group === group).map(s => s.n);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('commands', () => {
  const here = world();

  it('keep their order inside a group: 200 commands of 5 groups', async () => {
    const done: Step[] = [];
    const running = new Set<string>();
    const overlaps: string[] = [];
    @Controller()
    class Commands {
      @OnCommand('step')
      async handle(@Payload() step: Step): Promise<void> {
        if (running.has(step.group)) overlaps.push(step.group);
        running.add(step.group);
        await new Promise(resolve => setImmediate(resolve));
        done.push(step);
        running.delete(step.group);
      }
    }
    await here.start([Commands]);
    const commands = here.commands({ groupId: byGroup });
    await Promise.all(upTo(200).map(i => commands.emit('step', { group: GROUPS[i % 5], n: Math.floor(i / 5) })));
    await waitFor('200 commands to be done', () => done.length >= 200);
    await here.queue(QUEUE).untilEmpty();

    for (const group of GROUPS) expect(numbers(done, group)).toEqual(upTo(40));
    expect(overlaps).toEqual([]);
  });

  it('of different groups run in parallel', async () => {
    const started = new Set<string>();
    const allStarted = new Gate();
    const done: Step[] = [];
    @Controller()
    class Commands {
      @OnCommand('step')
      async handle(@Payload() step: Step): Promise<void> {
        started.add(step.group);
        if (started.size === GROUPS.length) allStarted.open();
        await allStarted.opened;
        done.push(step);
      }
    }
    await here.start([Commands]);
    const commands = here.commands({ groupId: byGroup });
    for (const n of [0, 1]) await Promise.all(GROUPS.map(group => commands.emit('step', { group, n })));
    await waitFor('all commands to be done', () => done.length === 10);
    for (const group of GROUPS) expect(numbers(done, group)).toEqual([0, 1]);
  });

  itNeeds('fifo-head-invisible')(
    'wait for a failing one of their group, in order, while other groups go on',
    async () => {
      const attempts: string[] = [];
      const done: Step[] = [];
      @Controller()
      class Commands {
        @OnCommand('step')
        handle(@Payload() step: Step, @Ctx() context: SqsContext): void {
          attempts.push(`${step.group}${step.n}`);
          const othersAreDone = numbers(done, 'b').length === 10;
          if (step.group === 'a' && step.n === 2 && !othersAreDone) throw new Error(`not yet ${context.getAttempt()}`);
          done.push(step);
        }
      }
      await here.start([Commands], { consumer: { maxReceiveCount: 1000 } });
      const commands = here.commands({ groupId: byGroup });
      await Promise.all(upTo(10).map(n => commands.emit('step', { group: 'a', n })));
      await waitFor('the group to be stuck', () => attempts.includes('a2'));
      await Promise.all(upTo(10).map(n => commands.emit('step', { group: 'b', n })));
      await waitFor('both groups to be done', () => done.length === 20);

      expect(numbers(done, 'a')).toEqual(upTo(10));
      expect(numbers(done, 'b')).toEqual(upTo(10));
      const firstOfA3 = attempts.indexOf('a3');
      expect(attempts.slice(firstOfA3)).not.toContain('a2');
      expect(attempts.filter(attempt => attempt === 'a3')).toHaveLength(1);
    },
  );

  itNeeds('fifo-head-invisible')('behind a poisoned one are not dead-lettered for its failures', async () => {
    const attemptsAt: Array<[number, number]> = [];
    @Controller()
    class Commands {
      @OnCommand('step')
      handle(@Payload() step: Step, @Ctx() context: SqsContext): void {
        attemptsAt.push([step.n, context.getAttempt()]);
        if (step.n === 0) throw new Error('poison');
      }
    }
    await here.start([Commands], { consumer: { maxReceiveCount: 3 } });
    const commands = here.commands({ groupId: () => 'one' });
    await Promise.all(upTo(5).map(n => commands.emit('step', { n })));
    const letter = await here.queue(DLQ).takeOne();
    await waitFor('the rest to be done', () => attemptsAt.length === 7);
    await here.queue(QUEUE).untilEmpty();

    expect(JSON.parse(letter.body)).toMatchObject({ type: 'step', data: { n: 0 } });
    expect(letter.groupId).toBe('one');
    expect(attemptsAt).toEqual([[0, 1], [0, 2], [0, 3], [1, 1], [2, 1], [3, 1], [4, 1]]); // prettier-ignore
    expect(await here.queue(DLQ).size()).toBe(0);
  });

  it("let their group go on at once with onGroupFailure 'skip'", async () => {
    const attempts: number[] = [];
    @Controller()
    class Commands {
      @OnCommand('step')
      handle(@Payload() step: Step): void {
        attempts.push(step.n);
        if (step.n === 0) throw new Error('poison');
      }
    }
    await here.start([Commands], { queues: { [QUEUE]: { onGroupFailure: 'skip' } } });
    const commands = here.commands({ groupId: () => 'one' });
    await Promise.all(upTo(3).map(n => commands.emit('step', { n })));
    await here.queue(DLQ).takeOne();
    await waitFor('the rest to be done', () => attempts.length === 3);
    expect(attempts).toEqual([0, 1, 2]);
  });

  it('with the same deduplication id are carried out once', async () => {
    const done: Step[] = [];
    @Controller()
    class Commands {
      @OnCommand('step')
      handle(@Payload() step: Step): void {
        done.push(step);
      }
    }
    await here.start([Commands]);
    const commands = here.commands();
    const command = (n: number, id: string) =>
      new SqsRecordBuilder({ group: 'one', n }).setGroupId('one').setDeduplicationId(id).build();
    await commands.emit('step', command(1, 'same'));
    await commands.emit('step', command(2, 'same'));
    await commands.emit('step', command(3, 'other'));
    await waitFor('the last to be done', () => done.some(({ n }) => n === 3));
    expect(done.map(({ n }) => n)).toEqual([1, 3]);
  });
});
