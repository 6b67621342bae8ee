import {
  Catch,
  Controller,
  Inject,
  Injectable,
  ParseIntPipe,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { CONTEXT, Ctx, Payload, RpcException, type RequestContext } from '@nestjs/microservices';
import { DEAD_LETTER_ATTRIBUTES, OnDomainEvent, SqsContext } from 'nestjs-sns-sqs';
import { EMPTY, Observable, finalize, of, throwError } from 'rxjs';
import { Gate, waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const QUEUE = 'work-on-user-registered';
const DLQ = `${QUEUE}-dlq`;
const OnUserRegistered = () => OnDomainEvent('user.registered', { from: 'users', useCase: 'work' });

describe("Nest's pipeline", () => {
  const here = world();
  const emit = (data: unknown) => here.events().emit('user.registered', data);

  it('runs guards, interceptors, pipes and the handler, in that order, with the SqsContext', async () => {
    const trace: string[] = [];
    @Injectable()
    class Guard implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        trace.push(`guard ${context.getType()} ${context.switchToRpc().getContext<SqsContext>().getPattern()}`);
        return true;
      }
    }
    @Injectable()
    class Around implements NestInterceptor {
      intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
        trace.push(`before ${JSON.stringify(context.switchToRpc().getData())}`);
        return next.handle().pipe(finalize(() => trace.push('after')));
      }
    }
    @Controller()
    @UseGuards(Guard)
    @UseInterceptors(Around)
    class Work {
      @OnUserRegistered()
      handle(@Payload('age', ParseIntPipe) age: number): void {
        trace.push(`handler ${typeof age} ${age}`);
      }
    }
    await here.start([Work]);
    await emit({ age: '36' });
    await waitFor('the whole pipeline', () => trace.includes('after'));
    await here.queue(QUEUE).untilEmpty();
    expect(trace).toEqual(['guard rpc user.registered', 'before {"age":"36"}', 'handler number 36', 'after']);
  });

  it('treats what a guard refuses as a failure of the message', async () => {
    let handled = 0;
    @Injectable()
    class Never implements CanActivate {
      canActivate(): boolean {
        return false;
      }
    }
    @Controller()
    class Work {
      @UseGuards(Never)
      @OnUserRegistered()
      handle(): void {
        handled += 1;
      }
    }
    await here.start([Work], { consumer: { maxReceiveCount: 2 } });
    await emit({});
    const { attributes } = await here.queue(DLQ).takeOne();
    expect(attributes[DEAD_LETTER_ATTRIBUTES.reason]).toMatch(/forbidden/i);
    expect(attributes[DEAD_LETTER_ATTRIBUTES.attempts]).toBe('2');
    expect(handled).toBe(0);
  });

  it('lets an exception filter decide: what it swallows is done, what it throws on is a failure', async () => {
    class Harmless extends Error {}
    let attempts = 0;
    @Catch(Harmless)
    class Swallow implements ExceptionFilter {
      catch(_: Harmless, host: ArgumentsHost): Observable<unknown> {
        const { harmless } = host.switchToRpc().getData<{ harmless: boolean }>();
        return harmless ? EMPTY : throwError(() => new RpcException('the filter says no'));
      }
    }
    @Controller()
    @UseFilters(Swallow)
    class Work {
      @OnUserRegistered()
      handle(): void {
        attempts += 1;
        throw new Harmless('nothing to see');
      }
    }
    await here.start([Work], { consumer: { maxReceiveCount: 2 } });
    await emit({ harmless: true });
    await waitFor('the attempt', () => attempts === 1);
    await here.queue(QUEUE).untilEmpty();
    expect(attempts).toBe(1);

    await emit({ harmless: false });
    const { attributes } = await here.queue(DLQ).takeOne();
    expect(attributes[DEAD_LETTER_ATTRIBUTES.reason]).toBe('the filter says no');
    expect(attempts).toBe(3);
  });

  it('makes request-scoped controllers and providers anew for each message, with the context injected', async () => {
    const instances: number[] = [];
    const patterns: string[] = [];
    let made = 0;
    @Injectable({ scope: Scope.REQUEST })
    class PerMessage {
      readonly id = ++made;
      constructor(@Inject(CONTEXT) private readonly request: RequestContext<unknown, SqsContext>) {}

      pattern(): string {
        return this.request.getContext().getPattern();
      }
    }
    @Controller()
    class Work {
      constructor(@Inject(PerMessage) private readonly mine: PerMessage) {}

      @OnUserRegistered()
      handle(): void {
        instances.push(this.mine.id);
        patterns.push(this.mine.pattern());
      }
    }
    await here.start([Work], { providers: [PerMessage] });
    await emit({});
    await emit({});
    await waitFor('both messages', () => instances.length === 2);
    expect(new Set(instances).size).toBe(2);
    expect(patterns).toEqual(['user.registered', 'user.registered']);
  });

  it.each<[string, (gate: Gate, finished: () => void) => unknown]>([
    ['a promise', (gate, finished) => gate.opened.then(finished)],
    [
      'an observable of several values',
      (gate, finished) =>
        new Observable(subscriber => {
          subscriber.next(1);
          void gate.opened.then(() => {
            finished();
            subscriber.next(2);
            subscriber.complete();
          });
        }),
    ],
    ['a promise of an observable', (gate, finished) => gate.opened.then(() => of(1).pipe(finalize(finished)))],
  ])('awaits a handler that returns %s to the end before the message is deleted', async (_, work) => {
    const gate = new Gate();
    let isStarted = false;
    let isFinished = false;
    @Controller()
    class Work {
      @OnUserRegistered()
      handle(): unknown {
        isStarted = true;
        return work(gate, () => {
          isFinished = true;
        });
      }
    }
    await here.start([Work]);
    await emit({});
    await waitFor('the handler to start', () => isStarted);
    expect(await here.queue(QUEUE).size()).toBe(1);
    expect(isFinished).toBe(false);
    gate.open();
    await here.queue(QUEUE).untilEmpty();
    expect(isFinished).toBe(true);
  });

  it.each([
    ['a promise that rejects', () => Promise.reject(new Error('late failure'))],
    ['a stream that fails', () => throwError(() => new Error('late failure'))],
    ['a stream that fails after a value', () => new Observable(s => (s.next(1), s.error(new Error('late failure'))))],
  ])('takes %s as a failure', async (_, work) => {
    let attempts = 0;
    @Controller()
    class Work {
      @OnUserRegistered()
      handle(@Ctx() context: SqsContext): unknown {
        attempts = context.getAttempt();
        return attempts === 1 ? work() : undefined;
      }
    }
    await here.start([Work]);
    await emit({});
    await waitFor('the second attempt', () => attempts === 2);
    await here.queue(QUEUE).untilEmpty();
    expect(here.logs.with('late failure', 'warn')).toHaveLength(1);
  });
});
