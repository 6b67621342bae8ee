import {
  Controller,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type INestMicroservice,
  type Type,
  type NestInterceptor,
} from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { OnCommand, OnDomainEvent } from 'nestjs-sns-sqs';
import { lastValueFrom, map, Observable, timeout } from 'rxjs';
import { Gate, waitFor } from '../support/wait-for.js';
import { world, type StartOptions } from '../support/world.js';

const QUEUE = 'work-on-user-registered';
const COMMANDS = 'notifications-async-commands.fifo';
/** Too short for what never ends. Each other handler has to end within it, also on a machine that is busy. */
const HASTY = { handlerTimeoutMs: 500, visibilityTimeoutSeconds: 1, concurrency: 1, maxReceiveCount: 10 };

/** Work that heeds no signal until its gate is opened. */
class StubbornWork {
  readonly gate = new Gate();
  readonly starts: number[] = [];
  private running = 0;
  most = 0;

  async run(n: number): Promise<void> {
    this.starts.push(n);
    this.running += 1;
    this.most = Math.max(this.most, this.running);
    if (this.starts.length === 1) await this.gate.opened;
    this.running -= 1;
  }
}

describe('a handler that outlives its time and heeds no signal', () => {
  const here = world();
  const logged = (text: string): boolean => here.logs.with(text).length > 0;

  /** Two instances take commands of one group, of which the first does not end: nothing else begins for a while. */
  async function expectGroupToWait(
    work: StubbornWork,
    controller: Type,
    commandCount: number,
    options: StartOptions = {},
  ): Promise<void> {
    await here.start([controller], { consumer: HASTY, ...options });
    await here.start([controller], { consumer: HASTY, ...options });
    const commands = here.commands({ groupId: () => 'one' });
    for (let n = 0; n < commandCount; n += 1) await commands.emit('step', { n });
    await waitFor('the log line', () => logged('has not ended after handlerTimeoutMs'));
    const since = performance.now();
    await waitFor('two visibility timeouts', () => performance.now() - since > 2_100);
    expect(work.starts).toEqual([0]);
    work.gate.open();
    // LocalStack's counts may miss a message that changes its place.
    await waitFor('all to begin', () => work.starts.length > commandCount);
    await here.queue(COMMANDS).untilEmpty();
    expect(work.most).toBe(1);
    expect(work.starts).toEqual([0, ...Array.from({ length: commandCount }, (_, n) => n)]);
  }

  it('keeps the FIFO group: nothing of it runs beside it, in no instance, until it has ended', async () => {
    const work = new StubbornWork();
    @Controller()
    class Steps {
      @OnCommand('step')
      handle(@Payload() { n }: { n: number }): Promise<void> {
        return work.run(n);
      }
    }
    await expectGroupToWait(work, Steps, 3);
    await waitFor('the second log line', () => logged('after its signal aborted'));
  });

  it('keeps its slot, its lease and its claim: the event is not handled beside it', async () => {
    const work = new StubbornWork();
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      handle(@Payload() { n }: { n: number }): Promise<void> {
        return work.run(n);
      }
    }
    const { server } = await here.start([Work], { consumer: HASTY });
    await here.events().emit('user.registered', { n: 0 });
    await waitFor('the log line', () => logged('has not ended after handlerTimeoutMs'));
    const health = (): unknown => server.health().queues[`${here.prefix}${QUEUE}`];
    expect(health()).toMatchObject({ status: 'down', overdue: 1, reason: expect.stringContaining('All 1 slots') });
    await here.events().emit('user.registered', { n: 1 });
    const since = Date.now();
    await waitFor('one and a half visibility timeouts', () => Date.now() - since > 1_500);
    expect(work.starts).toEqual([0]);
    work.gate.open();
    await here.queue(QUEUE).untilEmpty();
    expect(health()).toMatchObject({ status: 'up', overdue: 0 });
    expect(work.most).toBe(1);
    expect(work.starts.toSorted((a, b) => a - b)).toEqual([0, 0, 1]);
  });

  const stepsBehind = (work: StubbornWork, ...interceptors: NestInterceptor[]): Type => {
    @Controller()
    @UseInterceptors(...interceptors)
    class Steps {
      @OnCommand('step')
      handle(@Payload() { n }: { n: number }): Promise<void> {
        return work.run(n);
      }
    }
    return Steps;
  };

  it('keeps its place behind interceptors too, which make a stream of it', async () => {
    const work = new StubbornWork();
    const pass = { intercept: (_: unknown, next: CallHandler) => next.handle().pipe(map(value => value as unknown)) };
    await expectGroupToWait(work, stepsBehind(work, pass, pass), 2);
  });

  it('keeps its place where an interceptor fails its attempt before its time is up', async () => {
    const work = new StubbornWork();
    const hasty = { intercept: (_: unknown, next: CallHandler) => next.handle().pipe(timeout({ first: 20 })) };
    await expectGroupToWait(work, stepsBehind(work, hasty), 2);
  });

  it('keeps its place behind a hook before requests, which makes a stream of it too', async () => {
    const work = new StubbornWork();
    @Controller()
    class Steps {
      @OnCommand('step')
      handle(@Payload() { n }: { n: number }): Promise<void> {
        return work.run(n);
      }
    }
    // Nest 11 has no such hooks.
    type Hooked = { registerPreRequestHook?: (hook: (_: unknown, next: () => unknown) => unknown) => unknown };
    const configure = (app: INestMicroservice): unknown =>
      (app as Hooked).registerPreRequestHook?.((_, next) => next());
    await expectGroupToWait(work, Steps, 2, { configure });
  });

  it('does not begin when its guard has used up its time', async () => {
    let asked = 0;
    let begun = 0;
    const slow = {
      canActivate: async (): Promise<boolean> => {
        asked += 1;
        if (asked === 1) await waitFor('its time to be up', () => logged('has not ended after handlerTimeoutMs'));
        return true;
      },
    };
    @Controller()
    @UseGuards(slow)
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      handle(): void {
        begun += 1;
      }
    }
    await here.start([Work], { consumer: HASTY });
    await here.events().emit('user.registered', {});
    await waitFor('its second attempt', () => begun > 0);
    await here.queue(QUEUE).untilEmpty();
    expect([asked, begun]).toEqual([2, 1]);
  });

  it('has ended when it is a stream, which is unsubscribed', async () => {
    let subscribed = 0;
    let starts = 0;
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      handle(): Observable<never> {
        starts += 1;
        return new Observable(subscriber => {
          subscribed += 1;
          if (starts > 1) subscriber.complete();
          return () => void (subscribed -= 1);
        });
      }
    }
    await here.start([Work], { consumer: HASTY });
    await here.events().emit('user.registered', {});
    await waitFor('the second start', () => starts === 2);
    await here.queue(QUEUE).untilEmpty();
    expect([starts, subscribed]).toEqual([2, 0]);
    expect(logged('has not ended after')).toBe(false);
  });

  it('does not keep the caller of a request waiting', async () => {
    const work = new StubbornWork();
    @Controller()
    class Sums {
      @MessagePattern('sum')
      async sum(): Promise<number> {
        await work.run(0);
        return 1;
      }
    }
    await here.start([Sums], { consumer: HASTY });
    const asked = lastValueFrom(here.commands().client.send('sum', {}));
    await expect(asked).rejects.toMatchObject({ message: expect.stringContaining('handlerTimeoutMs') });
    expect(await here.queue(COMMANDS).size()).toBe(1);
    work.gate.open();
    await here.queue(COMMANDS).untilEmpty();
    expect(work.starts).toEqual([0]);
  });
});
