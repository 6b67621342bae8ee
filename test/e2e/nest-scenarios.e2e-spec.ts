// What Nest's own apps do with a transport, and no other spec of ours shows.
import {
  Controller,
  createParamDecorator,
  Inject,
  Injectable,
  Module,
  Scope,
  SetMetadata,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import {
  ContextIdFactory,
  NestFactory,
  Reflector,
  REQUEST,
  type ContextId,
  type HostComponentInfo,
} from '@nestjs/core';
import {
  Ctx,
  EventPattern,
  MessagePattern,
  Payload,
  RpcException,
  type MicroserviceOptions,
  type RequestContext,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { OnCommand, OnDomainEvent, ServerSQS, SqsContext, SqsRecordBuilder } from 'nestjs-sns-sqs';
import { lastValueFrom, map, type Observable } from 'rxjs';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

/** As an app has it: a parameter that is read from the message. */
const Tenant = createParamDecorator(
  (_: unknown, host: ExecutionContext) =>
    host.switchToRpc().getContext<SqsContext>().getMessage().MessageAttributes?.['tenant']?.StringValue,
);

describe('apps', () => {
  const here = world();
  const ask = (pattern: string, data: unknown = {}): Promise<unknown> =>
    lastValueFrom(here.commands().client.send<unknown, unknown>(pattern, data));

  it('are created with options that a factory takes from DI', async () => {
    @Injectable()
    class Config {
      readonly options = here.serverOptions();
    }
    @Controller()
    class Sums {
      @MessagePattern('sum')
      sum(@Payload() numbers: number[]): number {
        return numbers.reduce((a, b) => a + b);
      }
    }
    @Module({ providers: [Config], controllers: [Sums] })
    class AppModule {}
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, {
      logger: here.logs,
      inject: [Config],
      useFactory: (config: Config) => ({ strategy: new ServerSQS(config.options) }),
    } as MicroserviceOptions);
    here.onClose(() => app.close());
    await app.listen();
    expect(await ask('sum', [1, 2, 3])).toBe(6);
  });

  it('may be initialised without listening, listen twice, and close twice', async () => {
    @Controller()
    class Work {
      @MessagePattern('work')
      work(): string {
        return 'done';
      }
    }
    const create = async () => {
      const module = await Test.createTestingModule({ controllers: [Work] })
        .setLogger(here.logs)
        .compile();
      return module.createNestMicroservice<MicroserviceOptions>({ strategy: new ServerSQS(here.serverOptions()) });
    };
    const silent = await create();
    await silent.init();
    await silent.close();

    const app = await create();
    here.onClose(() => app.close());
    await app.listen();
    await app.listen();
    expect(await ask('work')).toBe('done');
    await app.close();
    await app.close();
  });

  it('refuse at the start a pattern that never matches', async () => {
    @Controller()
    class Work {
      @EventPattern<string>(/user\..*/ as unknown as string)
      any(): void {}
    }
    await expect(here.start([Work])).rejects.toMatchObject({
      code: 'INVALID_HANDLER',
      message: expect.stringMatching(/user\\\.\.\*.*regular expression.*`\*`/) as string,
    });
  });
});

describe('handlers', () => {
  const here = world();
  const ask = (pattern: string, data: unknown = {}): Promise<unknown> =>
    lastValueFrom(here.commands().client.send<unknown, unknown>(pattern, data));

  it('may be inherited, with what they are decorated with', async () => {
    abstract class Base {
      protected abstract readonly name: string;

      @MessagePattern('who')
      who(): string {
        return this.name;
      }
    }
    @Controller()
    class Derived extends Base {
      protected readonly name = 'derived';
    }
    await here.start([Derived]);
    expect(await ask('who')).toBe('derived');
  });

  it('are seen by guards and interceptors with their metadata, their class and the context', async () => {
    const seen: unknown[] = [];
    @Injectable()
    class Roles implements CanActivate {
      constructor(private readonly reflector: Reflector) {}
      canActivate(host: ExecutionContext): boolean {
        const roles = this.reflector.getAllAndOverride<string[]>('roles', [host.getHandler(), host.getClass()]);
        const rpc = host.switchToRpc();
        seen.push(host.getType(), host.getClass().name, roles, rpc.getData(), rpc.getContext() instanceof SqsContext);
        return roles.includes('user');
      }
    }
    @Injectable()
    class Double implements NestInterceptor {
      intercept(_: ExecutionContext, next: CallHandler<number>): Observable<number> {
        return next.handle().pipe(map(n => n * 2));
      }
    }
    @Controller()
    @SetMetadata('roles', ['admin'])
    @UseGuards(Roles)
    class Work {
      @MessagePattern('double')
      @SetMetadata('roles', ['user'])
      @UseInterceptors(Double)
      double(@Payload() n: number): number {
        return n;
      }

      @MessagePattern('forbidden')
      forbidden(): string {
        return 'never';
      }
    }
    await here.start([Work]);
    expect(await ask('double', 21)).toBe(42);
    expect(seen).toEqual(['rpc', 'Work', ['user'], 21, true]);
    await expect(ask('forbidden')).rejects.toEqual({ status: 'error', message: 'Forbidden resource' });
  });

  it("may have parameters of the app's own", async () => {
    const tenants: unknown[] = [];
    @Controller()
    class Work {
      @OnCommand('work')
      work(@Tenant() tenant: string, @Ctx() context: SqsContext, @Payload('n') n: number): void {
        tenants.push([tenant, context.getPattern(), n]);
      }
    }
    await here.start([Work]);
    const record = new SqsRecordBuilder({ n: 1 }).setGroupId('g').setAttribute('tenant', 'acme').build();
    await here.commands().emit('work', record);
    await waitFor('the command', () => tenants.length === 1);
    expect(tenants).toEqual([['acme', 'work', 1]]);
  });

  it('that cannot be made are a failure of the message: an error for a caller, a retry for an event', async () => {
    let made = 0;
    const handled: string[] = [];
    @Injectable({ scope: Scope.REQUEST })
    class Fragile {
      constructor(@Inject(REQUEST) readonly request: RequestContext<string>) {
        made += 1;
        if (request.getData() === 'refuse') throw new RpcException('not for you');
        if (made === 1) throw new Error('the pool is empty');
      }
    }
    @Controller()
    class Work {
      constructor(@Inject(Fragile) private readonly fragile: Fragile) {}

      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      registered(): void {
        handled.push(this.fragile.request.getData());
      }

      @MessagePattern('ask')
      ask(): string {
        return this.fragile.request.getData();
      }
    }
    await here.start([Work], { providers: [Fragile] });
    await here.events().emit('user.registered', 'event');
    await waitFor('the second attempt', () => handled.length === 1);
    expect([made, handled]).toEqual([2, ['event']]);
    await expect(ask('ask', 'refuse')).rejects.toEqual({ status: 'error', message: 'not for you' });
    expect(await ask('ask', 'fine')).toBe('fine');
  });

  it('share durable providers by what a strategy reads from the message', async () => {
    const trees = new Map<string, ContextId>();
    ContextIdFactory.apply({
      attach(contextId: ContextId, request: RequestContext<{ tenant?: string }>) {
        const tenant = typeof request.getData === 'function' ? request.getData().tenant : undefined;
        if (tenant === undefined) return () => contextId;
        const tree = trees.get(tenant) ?? ContextIdFactory.create();
        trees.set(tenant, tree);
        return { resolve: (info: HostComponentInfo) => (info.isTreeDurable ? tree : contextId), payload: { tenant } };
      },
    });
    try {
      let made = 0;
      @Injectable({ scope: Scope.REQUEST, durable: true })
      class Pool {
        readonly id = ++made;
        constructor(@Inject(REQUEST) readonly of: { tenant: string }) {}
      }
      @Controller()
      class Work {
        constructor(@Inject(Pool) private readonly pool: Pool) {}

        @MessagePattern('pool')
        which(): string {
          return `${this.pool.of.tenant} ${this.pool.id}`;
        }
      }
      await here.start([Work], { providers: [Pool] });
      const answers: unknown[] = [];
      for (const tenant of ['acme', 'other', 'acme']) answers.push(await ask('pool', { tenant }));
      expect(answers).toEqual(['acme 1', 'other 2', 'acme 1']);
    } finally {
      ContextIdFactory.apply({ attach: contextId => () => contextId });
    }
  });
});
