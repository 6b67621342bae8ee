import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { DEAD_LETTER_ATTRIBUTES, OnCommand, OnDomainEvent, SqsContext } from 'nestjs-sns-sqs';
import { CompiledConsumer } from '../support/child-consumer.js';
import { Gate, waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const COMMANDS = 'notifications-async-commands.fifo';
const LETTERS = 'notifications-async-commands-dlq.fifo';
const QUEUE = 'work-on-user-registered';

describe('an attempt is something that somebody tried', () => {
  const here = world();

  /** Commands of one group: the head fails `headFailures` times, what stands behind it always. */
  function groupBehindAFailingHead(headFailures: number) {
    const calls: string[] = [];
    @Controller()
    class Commands {
      @OnCommand('step')
      handle(@Payload() what: string): void {
        calls.push(what);
        const heads = calls.filter(each => each === 'head').length;
        if (what === 'tail' || heads <= headFailures) throw new Error(`${what} fails`);
      }
    }
    const count = (what: string) => calls.filter(each => each === what).length;
    return { Commands, count };
  }
  const sendBoth = async (): Promise<void> => {
    const { emit } = here.commands({ groupId: () => 'one' });
    await Promise.all([emit('step', 'head'), emit('step', 'tail')]);
  };
  const attemptsOf = async (letters: string): Promise<[string | undefined, string | undefined]> => {
    const { attributes } = await here.queue(letters).takeOne();
    return [attributes[DEAD_LETTER_ATTRIBUTES.reason], attributes[DEAD_LETTER_ATTRIBUTES.attempts]];
  };

  it('not the receives of a message behind a failing head, in two instances without a shared store', async () => {
    const { Commands, count } = groupBehindAFailingHead(6);
    const options = { consumer: { maxReceiveCount: 7 } };
    await here.start([Commands], options);
    await here.start([Commands], options);
    await sendBoth();
    expect(await attemptsOf(LETTERS)).toEqual(['tail fails', '7']);
    expect(count('tail')).toBeGreaterThanOrEqual(7);
    expect(count('head')).toBe(7);
  });

  it('not the receives of a message behind a failing head, before a restart', async () => {
    const { Commands, count } = groupBehindAFailingHead(4);
    const options = { consumer: { maxReceiveCount: 5, backoff: { initialSeconds: 1, factor: 1 } } };
    const first = await here.start([Commands], options);
    await sendBoth();
    await waitFor('four failures of the head', () => count('head') === 4);
    await first.app.close();
    await here.start([Commands], options);
    expect(await attemptsOf(LETTERS)).toEqual(['tail fails', '5']);
    expect(count('tail')).toBe(5);
  });

  it.each([
    ['a standard queue', {}],
    ["a FIFO queue with onGroupFailure 'skip'", { onGroupFailure: 'skip' as const }],
  ])('not a handler that a forced stop cuts off, at its last attempt on %s', async (_, consumer) => {
    const isFifo = 'onGroupFailure' in consumer;
    const started = new Gate();
    let calls = 0;
    const handle = (context: SqsContext): Promise<void> => {
      calls += 1;
      if (calls > 1) return Promise.resolve();
      started.open();
      return new Promise((_resolve, reject) => {
        const signal = context.getSignal();
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    };
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      event(@Ctx() context: SqsContext): Promise<void> {
        return handle(context);
      }

      @OnCommand('step')
      command(@Ctx() context: SqsContext): Promise<void> {
        return handle(context);
      }
    }
    const options = { consumer: { ...consumer, maxReceiveCount: 1 }, shutdownTimeoutMs: 50 };
    const first = await here.start([Work], options);
    if (isFifo) await here.commands({ groupId: () => 'one' }).emit('step', {});
    else await here.events().emit('user.registered', {});
    await started.opened;
    await first.app.close();
    expect(calls).toBe(1);
    expect(await here.queue(isFifo ? LETTERS : `${QUEUE}-dlq`).size()).toBe(0);
    await here.start([Work], options);
    await waitFor('another instance to handle it', () => calls === 2);
    await here.queue(isFifo ? COMMANDS : QUEUE).untilEmpty();
    expect(await here.queue(isFifo ? LETTERS : `${QUEUE}-dlq`).size()).toBe(0);
  });

  describe('and a death is one', () => {
    let compiled: CompiledConsumer;

    beforeAll(async () => {
      compiled = await CompiledConsumer.compile();
    });
    afterAll(() => compiled.remove());

    it('a message that kills its process is dead-lettered with that reason, on FIFO too', async () => {
      const options = here.serverOptions({ consumer: { visibilityTimeoutSeconds: 1, maxReceiveCount: 2 } });
      const run = async (hang: boolean) => {
        const child = await compiled.run({ options, hang });
        here.onClose(() => child.end('SIGKILL'));
        return child;
      };
      const killed = await run(true);
      await here.events().emit('user.registered', { n: 1 });
      await here.commands({ groupId: () => 'one' }).emit('send-welcome-email', { n: 1 });
      let dying = killed;
      for (let deaths = 1; deaths <= 2; deaths += 1) {
        const { facts } = dying;
        await waitFor('both to be started', () => facts.filter(({ started }) => started).length === 2);
        await dying.end('SIGKILL');
        dying = await run(true);
      }
      const reason = /no attempts left \(maxReceiveCount: 2\)\. It was received \d times .* never came to an end/;
      expect(await attemptsOf('send-email-on-user-registered-dlq')).toEqual([expect.stringMatching(reason), '2']);
      expect(await attemptsOf(LETTERS)).toEqual([expect.stringMatching(reason), '2']);
      expect(dying.facts.filter(({ started }) => started)).toEqual([]);
    });
  });
});
