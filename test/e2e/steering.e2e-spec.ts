import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Controller } from '@nestjs/common';
import { Payload, RpcException } from '@nestjs/microservices';
import { OnCommand, OnDomainEvent, OnRequest, SqsRecordBuilder } from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';
import { Gate, waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';
import { itNeeds } from './deviations.js';

const QUEUE = 'work-on-user-registered';

describe('a queue is steered', () => {
  const here = world();
  const handled: number[] = [];
  beforeEach(() => void (handled.length = 0));

  @Controller()
  class Work {
    @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
    handle(@Payload() { n }: { n: number }): void {
      handled.push(n);
    }
  }

  const emit = async (count: number, from = 0): Promise<void> => {
    await Promise.all(
      Array.from({ length: count }, (_, at) => here.events().emit('user.registered', { n: from + at })),
    );
  };

  it('that is paused hands back what it holds, lets what runs end, and loses nothing', async () => {
    const gate = new Gate();
    @Controller()
    class Slow {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      async handle(@Payload() { n }: { n: number }): Promise<void> {
        await gate.opened;
        handled.push(n);
      }
    }
    const { server } = await here.start([Slow], { consumer: { concurrency: 2, visibilityTimeoutSeconds: 30 } });
    await emit(20);
    await waitFor('two that run', () => server.health().queues[here.prefix + QUEUE]?.running === 2);

    let isPaused = false;
    const paused = server.pause(QUEUE).then(() => (isPaused = true));
    await waitFor('what was not started', async () => (await here.queue(QUEUE).visible()) === 18);
    expect(isPaused).toBe(false);
    expect(server.health()).toMatchObject({ status: 'up', queues: { [here.prefix + QUEUE]: { status: 'held' } } });
    gate.open();
    await paused;
    expect(handled).toHaveLength(2);
    expect(await here.queue(QUEUE).size()).toBe(18);

    server.resume(QUEUE);
    await here.queue(QUEUE).untilEmpty();
    expect([...handled].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(server.health().queues[here.prefix + QUEUE]?.status).toBe('up');
  });

  it('that is paused takes nothing, and can be closed', async () => {
    const told: unknown[] = [];
    const tell = (fact: unknown): void => void told.push(fact);
    subscribe('nestjs-sns-sqs:paused', tell);
    const first = await here.start([Work]);
    await first.server.pause();
    await emit(3);
    await waitFor('what came meanwhile', async () => (await here.queue(QUEUE).visible()) === 3);
    await first.app.close();
    const { server } = await here.start([Work]);
    await here.queue(QUEUE).untilEmpty();
    unsubscribe('nestjs-sns-sqs:paused', tell);
    expect(handled).toHaveLength(3);
    expect(told).toEqual([{ queue: here.prefix + QUEUE, isPaused: true }]);
    await expect(server.pause('no-such-queue')).rejects.toThrow(QUEUE);
  });

  it('keeps the order of a FIFO group over a pause', async () => {
    let pausing: Promise<void> | undefined;
    @Controller()
    class Commands {
      @OnCommand('count')
      async handle(@Payload() { n }: { n: number }): Promise<void> {
        if (n === 10) pausing ??= server.pause();
        await new Promise(resolve => setTimeout(resolve, 2));
        handled.push(n);
      }
    }
    const { server } = await here.start([Commands]);
    const commands = here.commands();
    for (let n = 0; n < 40; n += 1) await commands.emit('count', new SqsRecordBuilder({ n }).setGroupId('one').build());
    await waitFor('the pause', () => pausing !== undefined);
    await pausing;
    const before = handled.length;
    server.resume();
    await waitFor('all', () => handled.length === 40);
    expect(before).toBe(11);
    expect(handled).toEqual(Array.from({ length: 40 }, (_, n) => n));
  });

  it('receives no faster than its rate limit allows', async () => {
    const rateLimit = { messages: 10, perSeconds: 1 };
    await here.start([Work], { consumer: { rateLimit, concurrency: 100 } });
    await emit(25);
    const startedAt = performance.now();
    await waitFor('all', () => handled.length === 25);
    expect(performance.now() - startedAt).toBeGreaterThan(1_000);
  });

  it('lets each tenant have a rate of its own, and hands back only what is over it', async () => {
    const tenants: string[] = [];
    @Controller()
    class PerTenant {
      @OnDomainEvent('user.registered', {
        from: 'users',
        useCase: 'work',
        rateLimit: { messages: 1, perSeconds: 1, key: (_, data) => (data as { tenant: string }).tenant },
      })
      handle(@Payload() { tenant }: { tenant: string }): void {
        tenants.push(tenant);
      }
    }
    // One slot: what waits does not hold it.
    await here.start([PerTenant], { consumer: { concurrency: 1, maxReceiveCount: 1 } });
    const startedAt = performance.now();
    const of = ['loud', 'loud', 'loud', 'loud', 'loud', 'calm'];
    await Promise.all(of.map(tenant => here.events().emit('user.registered', { tenant })));
    await waitFor('all', () => tenants.length === of.length);
    // Two at once, then one each second.
    expect(performance.now() - startedAt).toBeGreaterThan(1_900);
    expect(tenants.indexOf('calm')).toBeLessThan(4);
    await here.queue(QUEUE).untilEmpty();
    expect(await here.queue(`${QUEUE}-dlq`).size()).toBe(0);
  });

  itNeeds('fifo-head-invisible')('keeps the order of FIFO groups where a key is over its rate', async () => {
    @Controller()
    class Commands {
      @OnCommand('count', { rateLimit: { messages: 2, perSeconds: 1, key: ({ type }) => type } })
      handle(@Payload() { n }: { n: number }): void {
        handled.push(n);
      }
    }
    await here.start([Commands]);
    const commands = here.commands();
    for (let n = 0; n < 8; n += 1) await commands.emit('count', new SqsRecordBuilder({ n }).setGroupId('one').build());
    await waitFor('all', () => handled.length === 8);
    expect(handled).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('opens its breaker for requests that fail, which are answered all the same, and not for answers that say no', async () => {
    let error: Error = new RpcException('no such user');
    let calls = 0;
    @Controller()
    class Users {
      @OnRequest('find', { circuitBreaker: { failures: 1, of: 3, pauseSeconds: 60 } })
      find(): never {
        calls += 1;
        throw error;
      }
    }
    const { server } = await here.start([Users]);
    const { client } = here.commands({ groupId: 'none' });
    const ask = async (): Promise<void> => {
      await expect(lastValueFrom(client.send('find', {}))).rejects.toBeDefined();
    };
    const status = (): string | undefined =>
      server.health().queues[`${here.prefix}notifications-async-commands.fifo`]?.status;
    for (let n = 0; n < 4; n += 1) await ask();
    expect(status()).toBe('up');
    error = new Error('connect ECONNREFUSED');
    for (let n = 0; n < 3; n += 1) await ask();
    await waitFor('the breaker', () => status() === 'held');
    expect(calls).toBe(7);
  });

  it('gives queues that share slots as many as their weights say, and starves none', async () => {
    const order: string[] = [];
    const running = { urgent: 0, later: 0 };
    /** Messages of a queue that were received and have not ended. */
    const received = (useCase: string): number =>
      server.health().queues[`${here.prefix}${useCase}-on-user-registered`]?.inFlight ?? 0;
    const note = async (name: 'urgent' | 'later'): Promise<void> => {
      running[name] += 1;
      await new Promise(resolve => setTimeout(resolve, 10));
      // A queue whose next messages have not come yet leaves its turns to the other.
      if (order.length < 75 && !process.env['AWS_ENDPOINT_URL']) {
        await waitFor('both to have messages', () => received('urgent') - running.urgent >= 3 && received('later') > 0);
      }
      running[name] -= 1;
      order.push(name);
    };
    @Controller()
    class Two {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'urgent', weight: 4 })
      urgent(): Promise<void> {
        return note('urgent');
      }

      @OnDomainEvent('user.registered', { from: 'users', useCase: 'later' })
      later(): Promise<void> {
        return note('later');
      }
    }
    const { server } = await here.start([Two], { concurrency: 3 });
    await server.pause();
    await emit(80);
    // LocalStack's SNS answers before it has delivered.
    for (const useCase of ['urgent', 'later']) {
      const queue = here.queue(`${useCase}-on-user-registered`);
      await waitFor('all messages to be there', async () => (await queue.visible()) === 80);
    }
    server.resume();
    await waitFor('all', () => order.length === 160);
    const urgent = order.slice(0, 75).filter(name => name === 'urgent').length;
    // LocalStack gives few messages at a time, and late: a queue without messages leaves its turns, and none starves.
    expect(urgent).toBeGreaterThan(process.env['AWS_ENDPOINT_URL'] ? 0 : 50);
    expect(urgent).toBeLessThan(75);
  });

  it('burns no attempts while what its handlers need is away, and tries one message for each pause', async () => {
    let isAway = true;
    let calls = 0;
    @Controller()
    class NeedsMail {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      handle(@Payload() { n }: { n: number }): void {
        calls += 1;
        if (isAway) throw new Error('connect ECONNREFUSED');
        handled.push(n);
      }
    }
    // One message alone can use up three attempts before it opens.
    const circuitBreaker = { failures: 0.5, of: 4, pauseSeconds: 1 };
    const states: string[] = [];
    const tell = (fact: unknown): void => void states.push((fact as { state: string }).state);
    subscribe('nestjs-sns-sqs:circuit', tell);
    const { server } = await here.start([NeedsMail], {
      consumer: { circuitBreaker, concurrency: 1, maxReceiveCount: 5 },
    });
    await emit(8);
    await waitFor(
      'two trials',
      () => states.filter(state => state === 'trial').length >= 2 && states.at(-1) === 'open',
    );
    expect(calls).toBeLessThan(12);
    expect(server.health().queues[here.prefix + QUEUE]).toMatchObject({
      status: 'held',
      reason: expect.stringContaining('ECONNREFUSED'),
    });
    isAway = false;
    await waitFor('all', () => handled.length === 8);
    unsubscribe('nestjs-sns-sqs:circuit', tell);
    expect(states.at(-1)).toBe('closed');
    expect(await here.queue(`${QUEUE}-dlq`).size()).toBe(0);
  });

  itNeeds('fifo-head-invisible')(
    'keeps the order of FIFO groups while three processes try what is away, one of which is closed',
    async () => {
      let isAway = true;
      let calls = 0;
      let trials = 0;
      const done: Record<string, number[]> = {};
      @Controller()
      class Charges {
        @OnCommand('charge', { maxReceiveCount: 4, circuitBreaker: { failures: 0.5, of: 2, pauseSeconds: 1 } })
        handle(@Payload() { of, n }: { of: string; n: number }): void {
          calls += 1;
          if (isAway) throw new Error('connect ECONNREFUSED');
          (done[of] ??= []).push(n);
        }
      }
      const tell = (fact: unknown): void => void (trials += (fact as { state: string }).state === 'trial' ? 1 : 0);
      subscribe('nestjs-sns-sqs:circuit', tell);
      const processes = [await here.start([Charges]), await here.start([Charges]), await here.start([Charges])];
      const commands = here.commands();
      const groups = ['a', 'b', 'c', 'd'];
      for (let n = 0; n < 5; n += 1) {
        const all = groups.map(of => commands.emit('charge', new SqsRecordBuilder({ of, n }).setGroupId(of).build()));
        await Promise.all(all);
      }
      await waitFor('trials of several processes', () => trials >= 3);
      await processes[0]?.app.close();
      await waitFor('more of them', () => trials >= 4);
      // Two failures open the breaker of each; a group has at most one message in work.
      expect(calls).toBeLessThanOrEqual(3 * (2 + groups.length) + trials);
      isAway = false;
      await waitFor('all', () => groups.every(of => done[of]?.length === 5));
      unsubscribe('nestjs-sns-sqs:circuit', tell);
      expect(done).toEqual(Object.fromEntries(groups.map(of => [of, [0, 1, 2, 3, 4]])));
      expect(await here.queue('notifications-async-commands-dlq.fifo').size()).toBe(0);
    },
  );
});
