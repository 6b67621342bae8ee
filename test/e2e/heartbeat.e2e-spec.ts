import { Controller } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import { DEAD_LETTER_ATTRIBUTES, OnCommand, OnDomainEvent, SqsContext } from 'nestjs-sns-sqs';
import { Gate, waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const QUEUE = 'work-on-user-registered';

describe('a handler that outlives the visibility timeout', () => {
  const here = world();

  it('keeps its message: the lease is extended, nobody else gets it', async () => {
    const gate = new Gate();
    const attempts: number[] = [];
    let startedAt = 0;
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      async handle(@Ctx() context: SqsContext): Promise<void> {
        attempts.push(context.getAttempt());
        startedAt ||= Date.now();
        await gate.opened;
        expect(context.getSignal().aborted).toBe(false);
      }
    }
    const consumer = { visibilityTimeoutSeconds: 1 };
    await here.start([Work], { consumer });
    await here.start([Work], { consumer });
    await here.events().emit('user.registered', {});
    await waitFor('two and a half visibility timeouts', () => startedAt > 0 && Date.now() - startedAt > 2_500);
    expect(attempts).toEqual([1]);
    gate.open();
    await here.queue(QUEUE).untilEmpty();
    expect(attempts).toEqual([1]);
    expect(await here.queue(`${QUEUE}-dlq`).size()).toBe(0);
  });

  it('is told to stop by its signal at handlerTimeoutMs, and the attempt has failed', async () => {
    const reasons: unknown[] = [];
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      async handle(@Ctx() context: SqsContext): Promise<void> {
        const signal = context.getSignal();
        await new Promise(resolve => signal.addEventListener('abort', resolve));
        reasons.push(signal.reason);
      }
    }
    await here.start([Work], { consumer: { handlerTimeoutMs: 100, maxReceiveCount: 2 } });
    await here.events().emit('user.registered', {});
    const { attributes } = await here.queue(`${QUEUE}-dlq`).takeOne();
    expect(attributes).toMatchObject({
      [DEAD_LETTER_ATTRIBUTES.error]: 'HANDLER_TIMEOUT',
      [DEAD_LETTER_ATTRIBUTES.attempts]: '2',
    });
    expect(reasons).toHaveLength(2);
    expect(reasons[0]).toMatchObject({ name: 'SnsSqsError', code: 'HANDLER_TIMEOUT' });
  });

  it('keeps the messages behind it in its group, too', async () => {
    const gate = new Gate();
    const seen: number[] = [];
    let startedAt = 0;
    @Controller()
    class Work {
      @OnCommand('step')
      async handle(@Ctx() context: SqsContext): Promise<void> {
        seen.push(context.getAttempt());
        startedAt ||= Date.now();
        await gate.opened;
      }
    }
    await here.start([Work], { consumer: { visibilityTimeoutSeconds: 1 } });
    const commands = here.commands({ groupId: () => 'one' });
    await Promise.all([1, 2, 3].map(n => commands.emit('step', { n })));
    await waitFor('one and a half visibility timeouts', () => startedAt > 0 && Date.now() - startedAt > 1_500);
    gate.open();
    await here.queue('notifications-async-commands.fifo').untilEmpty();
    expect(seen).toEqual([1, 1, 1]);
  });
});
