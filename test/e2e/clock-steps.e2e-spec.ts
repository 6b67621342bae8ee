import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { OnDomainEvent } from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';
import { Gate, waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const QUEUE = 'work-on-user-registered';
const COMMANDS = 'notifications-async-commands.fifo';
const HOUR_MS = 3_600_000;
/** Far from the 20 s that `shutdownTimeoutMs` would let it take. */
const SOON_MS = 10_000;

describe('a wall clock that is set while messages are handled', () => {
  const here = world();
  const { now } = Date;
  let step = 0;

  beforeEach(() => {
    step = 0;
    Date.now = () => now() + step;
  });
  afterEach(() => {
    Date.now = now;
  });

  it.each([
    ['back', -HOUR_MS],
    ['forward', HOUR_MS],
  ])('%s: leases and claims are kept, nothing runs twice, and a stop is quick', async (_, ms) => {
    const gate = new Gate();
    const attempts: number[] = [];
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      async handle(): Promise<void> {
        attempts.push(attempts.length + 1);
        await gate.opened;
      }
    }

    const consumer = { visibilityTimeoutSeconds: 1 };
    const { app, server } = await here.start([Work], { consumer });
    await here.start([Work], { consumer });
    await here.events().emit('user.registered', {});
    await waitFor('the handler to start', () => attempts.length === 1);
    const since = performance.now();
    step = ms;
    await waitFor('two and a half visibility timeouts', () => performance.now() - since > 2_500);
    expect(attempts).toEqual([1]);
    expect(server.health().status).toBe('up');
    gate.open();
    await here.queue(QUEUE).untilEmpty();
    expect(attempts).toEqual([1]);
    expect(here.logs.with('lost the lease')).toEqual([]);
    const stoppedAt = performance.now();
    await app.close();
    expect(performance.now() - stoppedAt).toBeLessThan(SOON_MS);
    expect(await here.queue(`${QUEUE}-dlq`).size()).toBe(0);
  });

  it.each([
    ['back', -HOUR_MS],
    ['forward', HOUR_MS],
  ])('%s, at its caller or here: a request is answered', async (_, ms) => {
    @Controller()
    class Echo {
      @MessagePattern('echo')
      echo(@Payload() data: unknown): unknown {
        return data;
      }
    }

    const { server } = await here.start([Echo]);
    await server.pause();
    step = ms;
    const { client } = here.commands({ replyTimeoutMs: 60_000 });
    const answers = [lastValueFrom(client.send<number>('echo', 1))];
    await waitFor('the first request to be there', async () => (await here.queue(COMMANDS).size()) === 1);
    step = 0;
    answers.push(lastValueFrom(client.send<number>('echo', 2)));
    await waitFor('the second request to be there', async () => (await here.queue(COMMANDS).size()) === 2);
    step = ms;
    server.resume();
    expect(await Promise.all(answers)).toEqual([1, 2]);
  });
});
