import {
  BadRequestException,
  Controller,
  UseFilters,
  UsePipes,
  ValidationPipe,
  type RpcExceptionFilter,
  Catch,
} from '@nestjs/common';
import { MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { IsInt } from 'class-validator';
import { ClientSQS, RetryLater, SqsRecordBuilder, type ClientSQSOptions } from 'nestjs-sns-sqs';
import { Observable, concat, lastValueFrom, of, throwError } from 'rxjs';
import { world } from '../support/world.js';

const QUEUE = 'notifications-async-commands.fifo';
const DLQ = 'notifications-async-commands-dlq.fifo';
const NO_HANDLER = 'There is no matching message handler defined in the remote service.';

describe('send() of what fails', () => {
  const here = world();

  const clientOf = (options: Partial<ClientSQSOptions> = {}): ClientSQS => here.commands(options).client;
  const ask = <T>(client: ClientSQS, pattern: unknown, data: unknown): Promise<T> =>
    lastValueFrom(client.send<T, unknown>(pattern, data));

  it.each<[string, () => unknown, unknown]>([
    ['an RpcException of a text', () => new RpcException('no'), { status: 'error', message: 'no' }],
    ['an RpcException of an object', () => new RpcException({ code: 7, why: 'no' }), { code: 7, why: 'no' }],
    ['any other error', () => new Error('secret'), { status: 'error', message: 'Internal server error' }],
    ['an HttpException', () => new BadRequestException('bad'), { status: 'error', message: 'Internal server error' }],
    ['RetryLater', () => new RetryLater(1, 'later'), { status: 'error', message: 'Internal server error' }],
  ])("errors with what Nest's transports answer for %s, once", async (_, error, expected) => {
    let attempts = 0;
    @Controller()
    class Sums {
      @MessagePattern('sum')
      sum(): never {
        attempts += 1;
        throw error();
      }
    }
    await here.start([Sums]);
    await expect(ask(clientOf(), 'sum', {})).rejects.toEqual(expected);
    await here.queue(QUEUE).untilEmpty();
    expect(attempts).toBe(1);
    expect(await here.queue(DLQ).size()).toBe(0);
  });

  it('gives the items before an error, then the error', async () => {
    @Controller()
    class Sums {
      @MessagePattern('sum')
      sum(): Observable<number> {
        return concat(
          of(1, 2),
          throwError(() => new RpcException('no third')),
        );
      }
    }
    await here.start([Sums]);
    const items: unknown[] = [];
    const ended = new Promise(error =>
      clientOf()
        .send('sum', {})
        .subscribe({ next: item => items.push(item), error }),
    );
    expect(await ended).toEqual({ status: 'error', message: 'no third' });
    expect(items).toEqual([1, 2]);
  });

  it('lets filters and pipes shape the error', async () => {
    class Numbers {
      @IsInt()
      n: number;
    }
    @Catch(BadRequestException)
    class AsRpc implements RpcExceptionFilter<BadRequestException> {
      catch(exception: BadRequestException): Observable<unknown> {
        return throwError(() => exception.getResponse());
      }
    }
    @Controller()
    class Sums {
      @UseFilters(AsRpc)
      @UsePipes(new ValidationPipe())
      @MessagePattern('sum')
      sum(@Payload() { n }: Numbers): number {
        return n;
      }
    }
    await here.start([Sums]);
    const client = clientOf();
    expect(await ask(client, 'sum', { n: 1 })).toBe(1);
    await expect(ask(client, 'sum', { n: 'x' })).rejects.toMatchObject({
      statusCode: 400,
      message: ['n must be an integer number'],
    });
  });

  it('to a pattern that nobody handles errors as in Nest, and leaves nothing behind', async () => {
    @Controller()
    class Sums {
      @MessagePattern('sum')
      sum(): void {}
    }
    await here.start([Sums]);
    await expect(ask(clientOf(), 'subtract', {})).rejects.toEqual(NO_HANDLER);
    await here.queue(QUEUE).untilEmpty();
    expect(await here.queue(DLQ).size()).toBe(0);
  });

  it('with replyTimeoutMs errors in time, and a request that nobody waits for any more is not run', async () => {
    const run: unknown[] = [];
    @Controller()
    class Sums {
      @MessagePattern('sum')
      sum(@Payload() data: unknown): string {
        run.push(data);
        return 'done';
      }
    }
    // Long enough for the request to be sent: its reply queue must be made first.
    const client = clientOf({ replyTimeoutMs: 2_000 });
    await expect(ask(client, 'sum', 'too late')).rejects.toMatchObject({ code: 'REPLY_TIMEOUT', retryable: true });
    expect(await here.queue(QUEUE).size()).toBe(1);
    await here.start([Sums]);
    expect(await ask(client, 'sum', new SqsRecordBuilder('in time').setReplyTimeoutMs(20_000).build())).toBe('done');
    await here.queue(QUEUE).untilEmpty();
    expect(run).toEqual(['in time']);
    expect(here.logs.with('its caller gave up', 'warn')).toHaveLength(1);
  });

  it("answers when the handler's time is up", async () => {
    @Controller()
    class Sums {
      @MessagePattern('never')
      never(): Observable<number> {
        return new Observable(subscriber => subscriber.next(1));
      }
    }
    await here.start([Sums], { consumer: { handlerTimeoutMs: 200 } });
    const items: unknown[] = [];
    const ended = new Promise(error =>
      clientOf()
        .send('never', {})
        .subscribe({ next: i => items.push(i), error }),
    );
    expect(await ended).toMatchObject({
      status: 'error',
      message: expect.stringMatching(/handlerTimeoutMs/) as string,
    });
    expect(items).toEqual([1]);
    await here.queue(QUEUE).untilEmpty();
  });

  it('answers with an error what cannot be written', async () => {
    @Controller()
    class Sums {
      @MessagePattern('circle')
      circle(): unknown {
        const circle: Record<string, unknown> = {};
        circle['self'] = circle;
        return circle;
      }

      @MessagePattern('large')
      large(): string {
        return 'x'.repeat(1_100_000);
      }
    }
    await here.start([Sums]);
    const client = clientOf();
    await expect(ask(client, 'circle', {})).rejects.toMatchObject({
      status: 'error',
      message: expect.stringMatching(/circular/) as string,
    });
    await expect(ask(client, 'large', {})).rejects.toMatchObject({
      status: 'error',
      message: expect.stringMatching(/bytes/) as string,
    });
  });
});
