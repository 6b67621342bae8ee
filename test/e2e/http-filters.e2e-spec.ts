import {
  Catch,
  Controller,
  HttpException,
  Injectable,
  UseFilters,
  UseInterceptors,
  type ArgumentsHost,
  type CanActivate,
  type ExceptionFilter,
  UseGuards,
} from '@nestjs/common';
import { DEAD_LETTER_ATTRIBUTES, DeadLetter, Discard, OnDomainEvent, RetryLater } from 'nestjs-sns-sqs';
import { of, throwError, type Observable } from 'rxjs';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const QUEUE = 'work-on-user-registered';

interface Response {
  status(code: number): { json(body: unknown): void };
}

/** As Nest's documentation writes it, for HTTP. */
@Catch()
class ForHttp implements ExceptionFilter {
  catch(exception: unknown, host: ArgumentsHost): void {
    const status = exception instanceof HttpException ? exception.getStatus() : 500;
    host.switchToHttp().getResponse<Response>().status(status).json({ status });
  }
}

@Catch()
class GivesAValue implements ExceptionFilter {
  catch(): Observable<unknown> {
    return of({ status: 500 });
  }
}

@Catch()
class ThrowsSomethingElse implements ExceptionFilter {
  catch(): Observable<unknown> {
    return throwError(() => new Error('an error of the filter'));
  }
}

@Catch()
class GivesNothingLater implements ExceptionFilter {
  async catch(): Promise<void> {
    await Promise.resolve();
  }
}

describe.each([
  ['touches the response', ForHttp],
  ['gives a value', GivesAValue],
  ['throws something else', ThrowsSomethingElse],
  ['is asynchronous and gives nothing', GivesNothingLater],
])('a global filter that %s', (_, Filter) => {
  const here = world();
  let acts: Array<() => unknown> = [];
  let attempts = 0;

  const act = (): unknown => {
    attempts += 1;
    return acts.shift()?.();
  };

  @Controller()
  class Work {
    @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
    handle(): unknown {
      return act();
    }
  }

  @Injectable()
  class Guard implements CanActivate {
    canActivate(): boolean {
      act();
      return true;
    }
  }

  @Controller()
  @UseGuards(Guard)
  class Guarded {
    @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
    handle(): void {}
  }

  const run = async (controller: typeof Work | typeof Guarded, ...todo: Array<() => unknown>): Promise<void> => {
    attempts = 0;
    acts = todo;
    await here.start([controller], {
      configure: app => void app.useGlobalFilters(new Filter()),
      consumer: { maxReceiveCount: 2 },
    });
    await here.events().emit('user.registered', {});
  };
  const raise = (error: unknown) => (): never => {
    throw error;
  };

  it('keeps RetryLater from nothing: it costs no attempt', async () => {
    const later = raise(new RetryLater(0, 'not yet'));
    await run(
      Work,
      later,
      later,
      () => throwError(() => new RetryLater(0)),
      () => undefined,
    );
    await waitFor('the fourth call', () => attempts === 4);
    await here.queue(QUEUE).untilEmpty();
    expect(await here.queue(`${QUEUE}-dlq`).size()).toBe(0);
  });

  it('keeps DeadLetter from nothing', async () => {
    await run(Work, raise(new DeadLetter('unknown template')));
    const { attributes } = await here.queue(`${QUEUE}-dlq`).takeOne();
    expect(attributes[DEAD_LETTER_ATTRIBUTES.reason]).toBe('unknown template');
    expect(attempts).toBe(1);
  });

  it('keeps Discard from nothing, which a guard throws', async () => {
    await run(Guarded, raise(new Discard('obsolete')));
    await waitFor('the first call', () => attempts === 1);
    await here.queue(QUEUE).untilEmpty();
    expect(attempts).toBe(1);
    expect(here.logs.with('an error of the filter')).toEqual([]);
  });
});

describe('a filter that is written for this transport', () => {
  const here = world();

  it('may make another outcome of one, and handle what is none; an interceptor too', async () => {
    const seen: string[] = [];
    @Catch()
    class Outcomes implements ExceptionFilter {
      catch(exception: unknown): Observable<unknown> {
        if (exception instanceof RetryLater) return throwError(() => new DeadLetter('gave up'));
        return of('handled');
      }
    }
    @Controller()
    @UseFilters(Outcomes)
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      handle(): void {
        seen.push('registered');
        throw new RetryLater(0);
      }

      @OnDomainEvent('user.renamed', { from: 'users', useCase: 'rename' })
      @UseInterceptors({
        intercept: (_context, next) => (next.handle().subscribe({ error: () => undefined }), of('swallowed')),
      })
      rename(): void {
        seen.push('renamed');
        throw new RetryLater(0);
      }

      @OnDomainEvent('user.deleted', { from: 'users', useCase: 'delete' })
      delete(): void {
        seen.push('deleted');
        throw new Error('no');
      }
    }
    await here.start([Work]);
    for (const type of ['registered', 'renamed', 'deleted']) await here.events().emit(`user.${type}`, {});
    const { attributes } = await here.queue(`${QUEUE}-dlq`).takeOne();
    expect(attributes[DEAD_LETTER_ATTRIBUTES.reason]).toBe('gave up');
    await here.queue('rename-on-user-renamed').untilEmpty();
    await here.queue('delete-on-user-deleted').untilEmpty();
    expect(seen.toSorted()).toEqual(['deleted', 'registered', 'renamed']);
  });
});
