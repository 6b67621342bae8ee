// One app on Nest's own TCP transport and on this one: what a caller gets is the same, whatever the handler does.
import {
  BadRequestException,
  Catch,
  Controller,
  Injectable,
  ParseIntPipe,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import {
  BaseRpcExceptionFilter,
  ClientProxyFactory,
  MessagePattern,
  Payload,
  RpcException,
  Transport,
  type ClientProxy,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { ServerSQS } from 'nestjs-sns-sqs';
import {
  catchError,
  concat,
  delay,
  EMPTY,
  from,
  lastValueFrom,
  map,
  materialize,
  of,
  take,
  throwError,
  timeout,
  timer,
  toArray,
  type Observable,
} from 'rxjs';
import { freePort } from '../support/free-port.js';
import { world } from '../support/world.js';

class OwnError extends Error {
  readonly code = 'OWN';
}

/** An exception that is its own payload. */
class Refusal extends RpcException {
  readonly kind = 'refusal';

  constructor() {
    super('refused');
  }

  override getError(): object {
    return { kind: this.kind, message: this.message };
  }
}

/** What a handler returns, by the pattern that it is asked by. */
const RETURNS: Record<string, () => unknown> = {
  nothing: () => undefined,
  null: () => null,
  zero: () => 0,
  'empty text': () => '',
  false: () => false,
  'not a number': () => NaN,
  date: () => new Date(0),
  'fields without a value': () => ({ a: undefined, b: null, c: [undefined] }),
  'an object with toJSON': () => ({ toJSON: () => 'as JSON' }),
  map: () => new Map([['a', 1]]),
  'a promise of nothing': () => Promise.resolve(),
  'a promise of a promise': () => Promise.resolve(Promise.resolve('late')),
  'a promise of a stream': () => Promise.resolve(of(1, 2)),
  'a stream of one': () => of('one'),
  'a stream of many': () => from([1, 2, 3]),
  'a stream of nothing': () => EMPTY,
  'a stream of undefined': () => of(undefined),
  'a stream of null and more': () => of(null, 'more'),
  'a stream that takes its time': () => timer(0, 5).pipe(take(3)),
  'a stream that ends later than its last item': () => concat(of('item'), EMPTY.pipe(delay(20))),
  'a list': () => [1, [2, [3]]],
  'a list of nothing': () => [],
  'an error that is returned': () => new OwnError('returned'),
};

/** What a handler throws. */
const THROWS: Record<string, unknown> = {
  'a text': 'text',
  'a number': 42,
  nothing: undefined,
  null: null,
  'an object': { why: 'no' },
  'an object with a message': { message: 'no' },
  'an object with a status and a message': { status: 'mine', message: 'no' },
  'an error': new Error('secret'),
  'an error of its own class': new OwnError('secret'),
  'an exception of a text': new RpcException('no'),
  'an exception of an object': new RpcException({ code: 7, why: 'no' }),
  'an exception of a list': new RpcException([1, 2]),
  'an exception of an empty object': new RpcException({}),
  'an exception of an empty text': new RpcException(''),
  'an exception with its own getError': new Refusal(),
  'an exception of HTTP': new BadRequestException({ field: 'n' }),
};

@Injectable()
class Never implements CanActivate {
  canActivate(host: ExecutionContext): boolean | Promise<boolean> | Observable<boolean> {
    const how: unknown = host.switchToRpc().getData<{ how?: unknown }>().how;
    if (how === 'throws') throw new RpcException('not you');
    if (how === 'promises') return Promise.resolve(false);
    return how === 'streams' ? of(false) : false;
  }
}

/** Makes of the handler's stream what the caller has asked for. */
@Injectable()
class Around implements NestInterceptor {
  intercept(host: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    const { how } = host.switchToRpc().getData<{ how: string }>();
    switch (how) {
      case 'throws':
        throw new RpcException('before');
      case 'refuses':
        return throwError(() => new RpcException('instead'));
      case 'answers itself':
        return of('a', 'b');
      case 'answers nothing':
        return EMPTY;
      case 'mends':
        return next.handle().pipe(catchError((error: unknown) => of(['mended', error instanceof RpcException])));
      case 'translates':
        return next.handle().pipe(catchError(() => throwError(() => new RpcException({ translated: true }))));
      default:
        return next.handle().pipe(map(item => [item]));
    }
  }
}

@Catch(OwnError)
class Fallback implements ExceptionFilter<OwnError> {
  catch({ message }: OwnError): unknown {
    if (message === 'a stream') return of('x', 'y');
    if (message === 'a value') return 'value';
    if (message === 'nothing') return undefined;
    if (message === 'nothing at all') return EMPTY;
    if (message === 'a promise') return Promise.resolve('promised');
    if (message === 'a throw') throw new RpcException('the filter throws');
    return throwError(() => ({ filtered: message }));
  }
}

@Catch()
class Base extends BaseRpcExceptionFilter {
  override catch(exception: unknown, host: ArgumentsHost): Observable<unknown> {
    // oxlint-disable-next-line promise/valid-params -- no promise's catch
    return super.catch(exception instanceof OwnError ? new RpcException(exception.code) : exception, host);
  }
}

@Injectable()
class Doubled implements PipeTransform<unknown, unknown> {
  transform(value: unknown): unknown {
    if (value === 'bad') throw new RpcException('not this');
    if (value === 'worse') throw new BadRequestException('nor this');
    return typeof value === 'number' ? value * 2 : value;
  }
}

@Controller()
class Work {
  @MessagePattern('returns')
  returns(@Payload() what: string): unknown {
    return RETURNS[what]?.();
  }

  @MessagePattern('throws')
  throws(@Payload() what: string): never {
    throw THROWS[what];
  }

  @MessagePattern('rejects')
  rejects(@Payload() what: string): Promise<never> {
    return Promise.reject(THROWS[what]);
  }

  @MessagePattern('streams and throws')
  streams(@Payload() what: string): Observable<unknown> {
    return concat(
      of(1, 2),
      throwError(() => THROWS[what]),
    );
  }

  @MessagePattern('throws later')
  later(@Payload() what: string): Observable<unknown> {
    return timer(5).pipe(
      map(() => {
        throw THROWS[what];
      }),
    );
  }

  @MessagePattern('guarded')
  @UseGuards(Never)
  guarded(): string {
    return 'never';
  }

  @MessagePattern('intercepted')
  @UseInterceptors(Around)
  intercepted(@Payload('fail') fail?: boolean): string {
    if (fail) throw new RpcException('fails');
    return 'item';
  }

  @MessagePattern('filtered')
  @UseFilters(Fallback)
  filtered(@Payload() message: string): never {
    throw new OwnError(message);
  }

  @MessagePattern('filtered by the base')
  @UseFilters(Base)
  filteredByBase(@Payload() own: boolean): never {
    throw own ? new OwnError('own') : new Error('other');
  }

  @MessagePattern('piped')
  @UsePipes(Doubled)
  piped(@Payload() value: unknown): unknown {
    return value;
  }

  @MessagePattern('parsed')
  parsed(@Payload('n', ParseIntPipe) n: number): number {
    return n;
  }

  // Without @Payload(): the first parameter is the payload.
  @MessagePattern('undecorated')
  undecorated(data: unknown): unknown {
    return [typeof data, data];
  }

  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return [typeof data, data];
  }

  @MessagePattern({ b: { y: 1, x: { z: 2 } }, a: 'k' })
  object(): string {
    return 'object';
  }

  @MessagePattern(7 as unknown as string)
  number(): string {
    return 'number';
  }

  @MessagePattern(['one of two', { two: 2 }])
  oneOfTwo(): string {
    return 'one of two';
  }
}

type Question = [pattern: unknown, data: unknown];

const each = (pattern: string, data: readonly unknown[]): Question[] => data.map(one => [pattern, one]);

const QUESTIONS: Question[] = [
  ...each('returns', Object.keys(RETURNS)),
  ...['throws', 'rejects', 'streams and throws', 'throws later'].flatMap(pattern => each(pattern, Object.keys(THROWS))),
  ...each('guarded', [{}, { how: 'throws' }, { how: 'promises' }, { how: 'streams' }]),
  ...['plain', 'throws', 'refuses', 'answers itself', 'answers nothing', 'mends', 'translates'].flatMap(how =>
    each('intercepted', [{ how }, { how, fail: true }]),
  ),
  ...each('filtered', ['a stream', 'a value', 'nothing', 'nothing at all', 'a promise', 'another']),
  ...each('filtered by the base', [true, false]),
  ...each('piped', [21, 'fine', 'bad', 'worse']),
  ...each('parsed', [{ n: '5' }, { n: 'x' }, {}, 'no object']),
  ...each('undecorated', ['text', 0, false, '', [], {}]),
  ...each('echo', ['é😀\u0000', 1e300, -0, [null], { a: { b: [] } }, new Date(0), { u: undefined }, true]),
  [{ a: 'k', b: { x: { z: 2 }, y: 1 } }, 'in another order'],
  ['7', 'as text'],
  [7, 'as a number'],
  ['one of two', 1],
  [{ two: 2 }, 2],
  ['nobody', 1],
  [{ nobody: true }, 1],
];

/** Everything that a caller sees. */
const answerOf = (client: ClientProxy, [pattern, data]: Question): Promise<unknown[]> =>
  lastValueFrom(
    client.send<unknown, unknown>(pattern, data).pipe(
      materialize(),
      map(({ kind, value, error }) => (kind === 'N' ? { next: value } : kind === 'E' ? { error } : 'complete')),
      timeout({ each: 30_000, with: () => of('no answer') }),
      toArray(),
    ),
  );

describe('a caller gets what it gets over TCP', () => {
  const here = world('per-file');
  let app: INestApplication;
  let tcp: ClientProxy;
  let sqs: ClientProxy;

  beforeAll(async () => {
    const module = await Test.createTestingModule({ controllers: [Work] })
      .setLogger(here.logs)
      .compile();
    app = module.createNestApplication();
    here.onClose(() => app.close());
    const at = { host: '127.0.0.1', port: await freePort() };
    app.connectMicroservice({ transport: Transport.TCP, options: at });
    app.connectMicroservice({ strategy: new ServerSQS(here.serverOptions({ consumer: { concurrency: 100 } })) });
    await app.startAllMicroservices();
    await app.init();
    tcp = ClientProxyFactory.create({ transport: Transport.TCP, options: at });
    here.onClose(() => tcp.close());
    sqs = here.commands({ groupId: 'none' }).client;
  });

  it('from every handler, guard, interceptor, pipe and filter', async () => {
    const ask = (client: ClientProxy) => Promise.all(QUESTIONS.map(question => answerOf(client, question)));
    const [overTcp, overSqs] = await Promise.all([ask(tcp), ask(sqs)]);
    const told = (answers: unknown[][]) =>
      QUESTIONS.map(([pattern, data], index) => ({ pattern, data, answer: answers[index] }));
    expect(told(overSqs)).toStrictEqual(told(overTcp));
  });

  it('but for a filter that throws: over TCP the caller waits for ever', async () => {
    expect(await answerOf(sqs, ['filtered', 'a throw'])).toEqual([
      { error: { error: 'the filter throws', message: 'the filter throws' } },
    ]);
  });
});
