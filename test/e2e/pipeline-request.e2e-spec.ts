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
  UsePipes,
  ValidationPipe,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
  type RpcExceptionFilter,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { CONTEXT, MessagePattern, Payload, RpcException, type RequestContext } from '@nestjs/microservices';
import { IsEmail } from 'class-validator';
import type { SqsContext } from 'nestjs-sns-sqs';
import { lastValueFrom, map, throwError, type Observable } from 'rxjs';
import { world } from '../support/world.js';

class User {
  @IsEmail()
  email: string;
}

describe("Nest's pipeline around a request", () => {
  const here = world();
  const ask = (pattern: unknown, data: unknown): Promise<unknown> =>
    lastValueFrom(here.commands().client.send<unknown, unknown>(pattern, data));

  const trace: string[] = [];
  beforeEach(() => void trace.splice(0));
  const guard = (name: string) =>
    class implements CanActivate {
      canActivate(): boolean {
        trace.push(`${name} guard`);
        return true;
      }
    };
  const interceptor = (name: string) =>
    class implements NestInterceptor {
      intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
        trace.push(`${name} interceptor`);
        return next.handle().pipe(map(value => `${name}(${String(value)})`));
      }
    };
  const pipe = (name: string) =>
    class implements PipeTransform {
      transform(value: unknown): unknown {
        trace.push(`${name} pipe`);
        return value;
      }
    };
  const filter = (name: string) => {
    @Catch()
    class Filter implements RpcExceptionFilter {
      catch(error: Error): Observable<never> {
        return throwError(() => ({ by: name, why: error.message }));
      }
    }
    return Filter;
  };
  const full = (): string[] =>
    ['guard', 'interceptor', 'pipe'].flatMap(kind => ['app', 'class', 'method'].map(level => `${level} ${kind}`));

  @Controller()
  @UseGuards(guard('class'))
  @UseInterceptors(interceptor('class'))
  @UsePipes(pipe('class'))
  @UseFilters(filter('class'))
  class Work {
    @UseGuards(guard('method'))
    @UseInterceptors(interceptor('method'))
    @UsePipes(pipe('method'))
    @MessagePattern('work')
    work(@Payload() data: string): string {
      return data;
    }

    @MessagePattern('fail')
    fail(): never {
      throw new Error('on purpose');
    }

    @UseFilters(filter('method'))
    @MessagePattern('fail here')
    failHere(): never {
      throw new Error('on purpose');
    }
  }

  it('runs the app-wide ones of the microservice, then the controller’s, then the handler’s', async () => {
    const App = { Guard: guard('app'), Interceptor: interceptor('app'), Pipe: pipe('app') };
    await here.start([Work], {
      configure: app =>
        app
          .useGlobalGuards(new App.Guard())
          .useGlobalInterceptors(new App.Interceptor())
          .useGlobalPipes(new App.Pipe()),
    });
    expect(await ask('work', 'x')).toBe('app(class(method(x)))');
    expect(trace).toEqual(full());
    await expect(ask('fail', 'x')).rejects.toEqual({ by: 'class', why: 'on purpose' });
    await expect(ask('fail here', 'x')).rejects.toEqual({ by: 'method', why: 'on purpose' });
  });

  it('lets a filter of the whole microservice answer what no nearer one takes', async () => {
    @Controller()
    class Plain {
      @MessagePattern('fail')
      fail(): never {
        throw new Error('on purpose');
      }
    }
    const Filter = filter('app');
    await here.start([Plain], { configure: app => app.useGlobalFilters(new Filter()) });
    await expect(ask('fail', 'x')).rejects.toEqual({ by: 'app', why: 'on purpose' });
  });

  it('takes app-wide ones from providers too', async () => {
    @Controller()
    class Plain {
      @MessagePattern('work')
      work(@Payload() data: string): string {
        if (data === 'fail') throw new Error('on purpose');
        return data;
      }
    }
    await here.start([Plain], {
      providers: [
        { provide: APP_GUARD, useClass: guard('app') },
        { provide: APP_INTERCEPTOR, useClass: interceptor('app') },
        { provide: APP_PIPE, useClass: pipe('app') },
        { provide: APP_FILTER, useClass: filter('app') },
      ],
    });
    expect(await ask('work', 'x')).toBe('app(x)');
    expect(trace).toEqual(['app guard', 'app interceptor', 'app pipe']);
    await expect(ask('work', 'fail')).rejects.toEqual({ by: 'app', why: 'on purpose' });
  });

  it('answers what a guard refuses, and what a pipe does', async () => {
    class Never implements CanActivate {
      canActivate(): boolean {
        return false;
      }
    }
    @Controller()
    class Users {
      @UseGuards(Never)
      @MessagePattern('forbidden')
      forbidden(): void {}

      @UsePipes(new ValidationPipe({ exceptionFactory: ([error]) => new RpcException(error?.constraints ?? {}) }))
      @MessagePattern('register')
      register(@Payload() user: User): string {
        return user.email;
      }

      @MessagePattern('age')
      age(@Payload('age', ParseIntPipe) age: number): string {
        return `${typeof age} ${age}`;
      }
    }
    await here.start([Users]);
    await expect(ask('forbidden', {})).rejects.toEqual({ status: 'error', message: 'Forbidden resource' });
    await expect(ask('register', { email: 'nobody' })).rejects.toEqual({ isEmail: 'email must be an email' });
    expect(await ask('register', { email: 'ada@example.org' })).toBe('ada@example.org');
    expect(await ask('age', { age: '36' })).toBe('number 36');
  });

  it('makes request-scoped controllers anew for each request, with its context', async () => {
    let made = 0;
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {
      readonly id = ++made;
      constructor(@Inject(CONTEXT) readonly request: RequestContext<unknown, SqsContext>) {}
    }
    @Controller()
    class Work {
      constructor(@Inject(PerRequest) private readonly mine: PerRequest) {}

      @MessagePattern('who')
      who(): unknown {
        return {
          id: this.mine.id,
          asked: this.mine.request.getContext().isRequest(),
          data: this.mine.request.getData(),
        };
      }
    }
    await here.start([Work], { providers: [PerRequest] });
    expect(await ask('who', 'a')).toEqual({ id: 1, asked: true, data: 'a' });
    expect(await ask('who', 'b')).toEqual({ id: 2, asked: true, data: 'b' });
  });
});
