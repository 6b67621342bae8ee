// What Nest's own apps do with a client: ask from an HTTP controller, shape errors and answers, log late, end.
import { Body, Controller, Get, HttpCode, Inject, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientProxy, EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { ClientSQS, ServerSQS } from 'nestjs-sns-sqs';
import { catchError, firstValueFrom, lastValueFrom, of, scan, toArray, type Observable } from 'rxjs';
import { CapturedLogs } from '../support/captured-logs.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const NOTIFICATIONS = Symbol('notifications');
const notified: unknown[] = [];

@Controller()
class Numbers {
  @MessagePattern('sum')
  sum(numbers: number[]): number {
    return numbers.reduce((a, b) => a + b, 0);
  }

  @MessagePattern('streaming')
  streaming(@Payload() numbers: number[]): Observable<number> {
    return of(...numbers);
  }

  @MessagePattern('exception')
  exception(): never {
    throw new RpcException('test');
  }

  @EventPattern<string>('notification')
  notification(@Payload() data: unknown): void {
    notified.push(data);
  }
}

@Controller()
class Http {
  constructor(@Inject(NOTIFICATIONS) private readonly client: ClientProxy) {}

  @Post('sum')
  @HttpCode(200)
  sum(@Body() numbers: number[]): Observable<number> {
    return this.client.send<number>('sum', numbers);
  }

  @Post('stream')
  @HttpCode(200)
  stream(@Body() numbers: number[]): Observable<number> {
    return this.client.send<number>('streaming', numbers).pipe(scan((a, b) => a + b));
  }

  @Post('concurrent')
  @HttpCode(200)
  async concurrent(@Body() lists: number[][]): Promise<number[]> {
    return Promise.all(lists.map(list => firstValueFrom(this.client.send<number>('sum', list))));
  }

  @Post('notify')
  @HttpCode(200)
  async notify(@Body() data: object): Promise<Observable<unknown>> {
    return Promise.resolve(this.client.emit('notification', data));
  }

  @Get('exception')
  exception(): Observable<unknown> {
    return this.client.send<unknown>('exception', {}).pipe(catchError((error: unknown) => of({ caught: error })));
  }

  @Get('nobody')
  nobody(): Observable<unknown> {
    return this.client.send<unknown>('nobody', {});
  }
}

describe('an HTTP controller', () => {
  const here = world('per-file');
  let url: string;

  beforeAll(async () => {
    const { client } = here.commands({ groupId: 'none' });
    const module = await Test.createTestingModule({
      controllers: [Numbers, Http],
      providers: [{ provide: NOTIFICATIONS, useValue: client }],
    })
      .setLogger(here.logs)
      .compile();
    const app = module.createNestApplication();
    here.onClose(() => app.close());
    app.connectMicroservice({ strategy: new ServerSQS(here.serverOptions()) });
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });

  const call = async (path: string, body?: unknown): Promise<[number, unknown]> => {
    const response = await fetch(`${url}/${path}`, {
      headers: { 'Content-Type': 'application/json', Connection: 'close' },
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return [response.status, text === '' ? undefined : JSON.parse(text)];
  };

  it.each<[string, unknown, number, unknown]>([
    ['sum', [1, 2, 3, 4, 5], 200, 15],
    ['stream', [1, 2, 3, 4, 5], 200, 15],
    ['concurrent', Array.from({ length: 10 }, (_, n) => [n, n]), 200, Array.from({ length: 10 }, (_, n) => 2 * n)],
    ['exception', undefined, 200, { caught: { status: 'error', message: 'test' } }],
    ['nobody', undefined, 500, { statusCode: 500, message: 'Internal server error' }],
  ])('answers %s with what the client gives', async (path, body, status, answer) => {
    expect(await call(path, body)).toEqual([status, answer]);
  });

  it('may return an emit, which sends once', async () => {
    expect(await call('notify', { n: 1 })).toEqual([200, undefined]);
    await waitFor('the event', () => notified.length > 0);
    await here.queue('notifications-async-commands.fifo').untilEmpty();
    expect(notified).toEqual([{ n: 1 }]);
  });
});

describe('clients and apps', () => {
  const here = world();

  it('may make errors and answers of their own, as every ClientProxy', async () => {
    class Own extends ClientSQS {
      protected override serializeError(error: object): unknown {
        return new RpcException(error);
      }

      protected override serializeResponse(response: unknown): unknown {
        return { response };
      }
    }
    await here.start([Numbers]);
    const client = new Own({ service: 'notifications', prefix: here.prefix, ...here.access, groupId: 'none' });
    here.onClose(() => client.close());
    expect(await lastValueFrom(client.send('sum', [1, 2]))).toEqual({ response: 3 });
    expect(await lastValueFrom(client.send('streaming', [1, 2]).pipe(toArray()))).toEqual([
      { response: 1 },
      { response: 2 },
    ]);
    const error: unknown = await lastValueFrom(client.send('exception', {})).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RpcException);
    expect((error as RpcException).getError()).toEqual({ status: 'error', message: 'test' });
  });

  it('refuse at the start two handlers of one pattern on one queue, of a request and of an event too', async () => {
    @Controller()
    class Both {
      @MessagePattern('both')
      request(): string {
        return 'request';
      }

      @EventPattern<string>('both')
      event(): void {}
    }
    await expect(here.start([Both])).rejects.toMatchObject({ code: 'DUPLICATE_HANDLER' });
  });

  it('refuse what is emitted and asked after close(), which may be called twice', async () => {
    const { client } = here.commands({ groupId: 'none' });
    const statuses: string[] = [];
    client.status.subscribe(status => statuses.push(status));
    await client.connect();
    await client.connect();
    await Promise.all([client.close(), client.close()]);
    for (const late of [client.emit('notification', 1), client.send('sum', [1])]) {
      await expect(lastValueFrom(late)).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
    }
    await expect(client.connect()).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
    expect(statuses).toEqual(['idle', 'connected', 'closed']);
  });

  it('hold their logs back until the app has its logger (bufferLogs)', async () => {
    const late = new CapturedLogs();
    @Module({ controllers: [Numbers] })
    class AppModule {}
    const app = await NestFactory.createMicroservice(AppModule, {
      strategy: new ServerSQS(here.serverOptions()),
      bufferLogs: true,
      logger: here.logs,
    });
    here.onClose(() => app.close());
    expect(here.logs.all()).toEqual([]);
    app.useLogger(late);
    await app.listen();
    expect(late.with(/Handles the request .?sum/)).toHaveLength(1);
    expect(here.logs.with('Handles')).toEqual([]);
  });

  it('leave no listener on the process behind when a hybrid app with shutdown hooks ends', async () => {
    const signals = ['SIGTERM', 'SIGINT', 'beforeExit', 'exit'] as const;
    const counts = () => signals.map(signal => process.listenerCount(signal));
    const before = counts();
    const module = await Test.createTestingModule({ controllers: [Numbers] })
      .setLogger(here.logs)
      .compile();
    const app = module.createNestApplication();
    const strategy = new ServerSQS(here.serverOptions());
    app.connectMicroservice({ strategy });
    app.enableShutdownHooks(['SIGTERM']);
    await app.startAllMicroservices();
    await app.init();
    expect(counts()[0]).toBe((before[0] ?? 0) + 1);
    await app.close();
    expect(counts()).toEqual(before);
  });
});
