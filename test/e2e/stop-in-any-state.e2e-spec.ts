import { Controller } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { OnDomainEvent, ServerSQS, type SqsServerStatus } from 'nestjs-sns-sqs';
import { CuttableProxy } from '../support/cuttable-proxy.js';
import { awsOf } from '../support/endpoint.js';
import { spiedClients } from '../support/spied-clients.js';
import { Gate, waitFor } from '../support/wait-for.js';
import { world, type StartOptions } from '../support/world.js';

const SHUTDOWN_TIMEOUT_MS = 500;
/** The time itself, a handler's and the last settles' short grace. */
const DEADLINE_MS = SHUTDOWN_TIMEOUT_MS + 250 + 2_000 + 1_000;

describe('close()', () => {
  const here = world();
  let gate: Gate;
  let started = 0;

  @Controller()
  class Work {
    @OnDomainEvent('work', { from: 'users', useCase: 'work' })
    async handle(): Promise<void> {
      started += 1;
      await gate.opened;
    }
  }

  beforeEach(() => {
    gate = new Gate();
    started = 0;
  });

  async function proxied(): Promise<CuttableProxy> {
    const proxy = new CuttableProxy(new URL(here.url));
    await proxy.restore();
    here.onClose(() => proxy.cut());
    return proxy;
  }

  async function timed(close: () => Promise<void>): Promise<number> {
    const startedAt = Date.now();
    await close();
    return Date.now() - startedAt;
  }

  /** A server that is starting; `listened` is what its start came to. */
  async function starting(options: StartOptions) {
    const server = new ServerSQS(here.serverOptions({ shutdownTimeoutMs: SHUTDOWN_TIMEOUT_MS, ...options }));
    const statuses: SqsServerStatus[] = [];
    server.status.subscribe(status => statuses.push(status));
    const module = await Test.createTestingModule({ controllers: [Work] })
      .setLogger(here.logs)
      .compile();
    const app = module.createNestMicroservice({ strategy: server });
    const listened = app.listen().then(
      () => undefined,
      (error: unknown) => error,
    );
    await waitFor('the provisioning', () => statuses.at(-1) === 'provisioning');
    return { server, statuses, listened };
  }

  it('ends a start whose provisioning is not answered, and the start says so', async () => {
    const proxy = await proxied();
    proxy.freeze();
    const { server, statuses, listened } = await starting({ aws: awsOf(proxy.url) });
    expect(await timed(() => server.close())).toBeLessThan(DEADLINE_MS);
    expect(await listened).toMatchObject({ code: 'SERVER_CLOSED' });
    expect(statuses).toEqual(['idle', 'provisioning', 'draining', 'closed']);
  });

  it('ends a start whose first receive is not answered', async () => {
    let isReceiving = false;
    const { sqs, sns } = spiedClients(here.aws, ({ operation }) => {
      isReceiving ||= operation === 'ReceiveMessage';
      return operation === 'ReceiveMessage' ? 'hang' : undefined;
    });
    here.onClose(() => {
      sqs.destroy();
      sns.destroy();
    });
    const { server, listened } = await starting({ sqs, sns });
    await waitFor('the first receive', () => isReceiving);
    expect(await timed(() => server.close())).toBeLessThan(DEADLINE_MS);
    expect(await listened).toMatchObject({ name: 'SnsSqsError' });
  });

  it.each<[string, (proxy: CuttableProxy) => unknown]>([
    ['is not answered any more', proxy => proxy.freeze()],
    ['is refused', proxy => proxy.cut()],
  ])('ends in time in the middle of a receive that %s', async (_, away) => {
    const proxy = await proxied();
    const { app } = await here.start([Work], { aws: awsOf(proxy.url), shutdownTimeoutMs: SHUTDOWN_TIMEOUT_MS });
    await away(proxy);
    expect(await timed(() => app.close())).toBeLessThan(DEADLINE_MS);
  });

  it.each<[string, (proxy: CuttableProxy) => unknown]>([
    ['does not answer any more', proxy => proxy.freeze()],
    ['is gone', proxy => proxy.cut()],
  ])('ends in time in the middle of a handler while SQS %s, and the message comes again', async (_, away) => {
    const proxy = await proxied();
    const { app } = await here.start([Work], {
      aws: awsOf(proxy.url),
      shutdownTimeoutMs: SHUTDOWN_TIMEOUT_MS,
      consumer: { visibilityTimeoutSeconds: 2 },
    });
    await here.events().emit('work', {});
    await waitFor('the handler', () => started === 1);
    await away(proxy);
    const closing = timed(() => app.close());
    gate.open();
    expect(await closing).toBeLessThan(DEADLINE_MS);
    await waitFor('it to be visible', async () => (await here.queue('work-on-work').visible()) === 1);
  });
});
