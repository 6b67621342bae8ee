import { Controller, Inject, Post, type INestApplication, type Type } from '@nestjs/common';
import { ClientsModule, type ClientProxy } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { ClientSNS, OnDomainEvent, ServerSQS, SnsSqsModule, type SqsServerStatus } from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';
import { CuttableProxy } from '../support/cuttable-proxy.js';
import { awsOf } from '../support/endpoint.js';
import { Gate, waitFor } from '../support/wait-for.js';
import { QUICK, world } from '../support/world.js';

const QUEUE = 'work-on-user-registered';

describe('shutdown of an app that serves HTTP beside its queues', () => {
  const here = world();

  /** Nest closes the HTTP server before it closes a microservice or a client. */
  const start = async (
    controller: Type,
    { url = here.url, shutdownTimeoutMs = 20_000 } = {},
  ): Promise<{ app: INestApplication; statuses: SqsServerStatus[]; post: () => Promise<Response> }> => {
    const access = { prefix: here.prefix, ...here.access, aws: awsOf(url), shutdownTimeoutMs };
    const module = await Test.createTestingModule({
      imports: [
        SnsSqsModule.forRoot({ service: 'users', ...access, consumer: QUICK }),
        ClientsModule.register([{ name: 'EVENTS', customClass: ClientSNS, options: { service: 'users', ...access } }]),
      ],
      controllers: [controller],
    })
      .setLogger(here.logs)
      .compile();
    const app = module.createNestApplication();
    const statuses: SqsServerStatus[] = [];
    app.get(ServerSQS).status.subscribe(status => statuses.push(status));
    here.onClose(() => app.close());
    app.connectMicroservice({ strategy: app.get(ServerSQS) });
    await app.init();
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    const address = `${await app.getUrl()}/users`;
    return { app, statuses, post: () => fetch(address, { method: 'POST', headers: { connection: 'close' } }) };
  };

  it('takes no message while a request is still served, and lets the request publish', async () => {
    const gate = new Gate();
    const handled: unknown[] = [];
    let isServing = false;
    @Controller('users')
    class Users {
      constructor(@Inject(ClientSNS) private readonly events: ClientProxy) {}

      @Post()
      async register(): Promise<void> {
        isServing = true;
        await gate.opened;
        await lastValueFrom(this.events.emit('user.registered', { n: 1 }));
      }

      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      work(event: unknown): void {
        handled.push(event);
      }
    }
    const { app, statuses, post } = await start(Users);
    const answer = post();
    await waitFor('the request', () => isServing);
    const closing = app.close();
    await waitFor('the queues to be closed', () => statuses.includes('closed'));
    gate.open();
    expect((await answer).status).toBe(201);
    await closing;
    await waitFor('the event to wait for another', async () => (await here.queue(QUEUE).visible()) === 1);
    expect(handled).toEqual([]);
  });

  it.each([
    ["SnsSqsModule's", ClientSNS],
    ["ClientsModule's", 'EVENTS'],
  ])('ends with an error what %s client has emitted before, and AWS does not answer', async (_, token) => {
    const proxy = new CuttableProxy(new URL(here.url));
    await proxy.restore();
    here.onClose(() => proxy.cut());
    const errors: unknown[] = [];
    let isServing = false;
    @Controller('users')
    class Users {
      constructor(@Inject(token) private readonly events: ClientProxy) {}

      @Post()
      async register(): Promise<void> {
        isServing = true;
        await lastValueFrom(this.events.emit('user.registered', {})).catch((error: unknown) => errors.push(error));
      }

      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      work(): void {}
    }
    const { app, post } = await start(Users, { url: proxy.url, shutdownTimeoutMs: 500 });
    await app.get<ClientProxy>(token).connect();
    proxy.freeze();
    const answer = post();
    await waitFor('the request', () => isServing);
    await app.close();
    expect((await answer).status).toBe(201);
    expect(errors).toMatchObject([{ code: 'CLIENT_CLOSED', retryable: true }]);
  });
});
