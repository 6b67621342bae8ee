import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { OnDomainEvent, type SnsSqsError } from 'nestjs-sns-sqs';
import { CuttableProxy } from '../support/cuttable-proxy.js';
import { awsOf } from '../support/endpoint.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

/** Far from the 20 s that `shutdownTimeoutMs` would let it take. */
const SOON_MS = 10_000;

describe('an endpoint that goes away after the start', () => {
  const here = world();

  async function proxied(): Promise<CuttableProxy> {
    const proxy = new CuttableProxy(new URL(here.url));
    await proxy.restore();
    here.onClose(() => proxy.cut());
    return proxy;
  }

  it('is reported in the status and the log, and waited for: work goes on when it is back', async () => {
    const seen: number[] = [];
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      handle(@Payload() { n }: { n: number }): void {
        seen.push(n);
      }
    }
    const proxy = await proxied();
    const { server, statuses } = await here.start([Work], { aws: awsOf(proxy.url) });
    const errors: SnsSqsError[] = [];
    server.on('error', error => errors.push(error));
    const events = here.events();
    await events.emit('user.registered', { n: 1 });
    await waitFor('the first event', () => seen.length === 1);
    await here.queue('work-on-user-registered').untilEmpty();

    await proxy.cut();
    await waitFor('the fault to be noticed', () => statuses.at(-1) === 'reconnecting');
    expect(errors[0]).toMatchObject({ name: 'SnsSqsError', code: 'ENDPOINT_UNREACHABLE', retryable: true });
    expect(here.logs.with('The library tries again with backoff', 'error')).toHaveLength(1);
    await events.emit('user.registered', { n: 2 });
    expect(seen).toEqual([1]);

    await proxy.restore();
    await waitFor('the second event', () => seen.length === 2);
    await waitFor('the status', () => statuses.at(-1) === 'polling');
    await here.queue('work-on-user-registered').untilEmpty();
    expect(statuses).toEqual(['idle', 'provisioning', 'polling', 'reconnecting', 'polling']);
    expect(here.logs.with('receives work again')).toHaveLength(1);
  });

  it('does not hold up the shutdown', async () => {
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      handle(): void {}
    }
    const proxy = await proxied();
    const { app, statuses } = await here.start([Work], { aws: awsOf(proxy.url) });
    await proxy.cut();
    await waitFor('the fault to be noticed', () => statuses.at(-1) === 'reconnecting');
    const startedAt = Date.now();
    await app.close();
    expect(Date.now() - startedAt).toBeLessThan(SOON_MS);
    expect(statuses.at(-1)).toBe('closed');
  });
});
