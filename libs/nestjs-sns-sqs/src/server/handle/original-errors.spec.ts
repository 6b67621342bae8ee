import { Logger, type ArgumentsHost } from '@nestjs/common';
import { BaseRpcExceptionFilter, RpcException } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { SqsContext } from '../../ctx-host/sqs.context.js';
import { keepOriginalErrors } from './original-errors.js';

const hostOf = (context: unknown) => ({ switchToRpc: () => ({ getContext: () => context }) }) as ArgumentsHost;
const caught = (error: unknown, context: unknown) =>
  firstValueFrom(new BaseRpcExceptionFilter().catch(error, hostOf(context)));
const ours = new SqsContext({
  message: {},
  queue: 'q',
  pattern: 'p',
  metadata: { id: '1', source: 's', type: 'p' },
  attempt: 1,
  signal: new AbortController().signal,
});

describe('keepOriginalErrors', () => {
  beforeAll(() => {
    Logger.overrideLogger(false);
    keepOriginalErrors();
  });
  afterAll(() => Logger.overrideLogger(['log', 'warn', 'error']));

  it('lets an error of our handlers through as it was thrown', async () => {
    const error = new TypeError('x is no function');
    await expect(caught(error, ours)).rejects.toBe(error);
  });

  it("lets an error through whose context is the other build's", async () => {
    const OtherBuild = { SqsContext: class SqsContext {} }.SqsContext;
    const error = new Error('no');
    await expect(caught(error, new OtherBuild())).rejects.toBe(error);
  });

  it.each([
    ['an object', {}],
    ['an object without a prototype', Object.create(null) as object],
    ['nothing', undefined],
    ['null', null],
  ])('leaves other transports to Nest, with %s for a context', async (_, context) => {
    await expect(caught(new RpcException('no'), context)).rejects.toEqual({ status: 'error', message: 'no' });
    await expect(caught(new Error('secret'), context)).rejects.toMatchObject({ message: 'Internal server error' });
  });

  it('wraps the method once, however often it is called', () => {
    const method = (): unknown => Reflect.get(BaseRpcExceptionFilter.prototype, 'catch');
    const wrapped = method();
    keepOriginalErrors();
    expect(method()).toBe(wrapped);
  });
});
