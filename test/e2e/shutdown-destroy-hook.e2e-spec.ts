import { jest } from '@jest/globals';
import {
  Controller,
  Injectable,
  Module,
  type CallHandler,
  type DynamicModule,
  type OnModuleDestroy,
} from '@nestjs/common';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { OnDomainEvent, ServerSQS, SnsSqsModule } from 'nestjs-sns-sqs';
import { setTimeout as pause } from 'node:timers/promises';
import { catchError, of } from 'rxjs';
import { Gate, waitFor } from '../support/wait-for.js';
import { QUICK, world } from '../support/world.js';

const QUEUE = 'work-on-user-registered';
const EVENTS = 120;

/** Closed by its module's `onModuleDestroy`, which takes a while. */
@Injectable()
class Database implements OnModuleDestroy {
  isOpen = true;

  async onModuleDestroy(): Promise<void> {
    this.isOpen = false;
    await pause(150);
  }
}

@Module({ providers: [Database], exports: [Database] })
class DatabaseModule {}

describe('from the beginning of onModuleDestroy', () => {
  const here = world();
  let begun = 0;
  let begunTooLate = 0;

  @Controller()
  class Work {
    constructor(private readonly database: Database) {}

    @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
    async handle(): Promise<void> {
      begun += 1;
      if (!this.database.isOpen) begunTooLate += 1;
      await pause(10);
    }
  }

  beforeEach(() => {
    begun = begunTooLate = 0;
  });

  const compile = (...imports: DynamicModule[]) =>
    Test.createTestingModule({ imports: [DatabaseModule, ...imports], controllers: [Work] })
      .setLogger(here.logs)
      .compile();
  const options = () => here.serverOptions({ consumer: { concurrency: 4 } });

  /** Ends an app under load, and tells of each event that it was handled, or is there for others. */
  const expectNothingToBeginWhen = async (end: () => Promise<unknown>): Promise<void> => {
    const events = here.events();
    await Promise.all(Array.from({ length: EVENTS }, (_, n) => events.emit('user.registered', { n })));
    await waitFor('some to be handled', () => begun >= 8);
    await end();
    expect(begunTooLate).toBe(0);
    expect(begun).toBeLessThan(EVENTS);
    await here.queue(QUEUE).untilAllVisible(EVENTS - begun);
  };

  it('no handler begins in a hybrid app whose strategy is no provider', async () => {
    const app = (await compile()).createNestApplication();
    here.onClose(() => app.close());
    app.connectMicroservice<MicroserviceOptions>({ strategy: new ServerSQS(options()) });
    await app.init();
    await app.startAllMicroservices();
    await expectNothingToBeginWhen(() => app.close());
  });

  it('no handler begins in a hybrid app whose strategy SnsSqsModule provides', async () => {
    const app = (
      await compile(
        SnsSqsModule.forRoot({
          service: 'notifications',
          prefix: here.prefix,
          ...here.access,
          consumer: { ...QUICK, concurrency: 4 },
        }),
      )
    ).createNestApplication();
    here.onClose(() => app.close());
    app.connectMicroservice<MicroserviceOptions>({ strategy: app.get(ServerSQS) });
    await app.init();
    await app.startAllMicroservices();
    await expectNothingToBeginWhen(() => app.close());
  });

  it('no handler begins in a microservice that a signal ends', async () => {
    const app = (await compile()).createNestMicroservice<MicroserviceOptions>({ strategy: new ServerSQS(options()) });
    here.onClose(() => app.close());
    app.enableShutdownHooks(['SIGTERM']);
    await app.listen();
    // Nest sends the signal again when everything is over.
    const killed = jest.spyOn(process, 'kill').mockReturnValue(true);
    try {
      await expectNothingToBeginWhen(async () => {
        process.emit('SIGTERM', 'SIGTERM');
        await waitFor('the app to be over', () => killed.mock.calls.length > 0);
      });
    } finally {
      killed.mockRestore();
    }
  });

  it('no handler begins whose guard or interceptor was still at work, and its message costs no attempt', async () => {
    const gate = new Gate();
    let waiting = 0;
    const wait = async (): Promise<boolean> => {
      waiting += 1;
      await gate.opened;
      return true;
    };
    const app = (await compile()).createNestApplication();
    here.onClose(() => app.close());
    app.useGlobalGuards({ canActivate: async () => waiting > 0 || wait() });
    // It makes a result of whatever comes.
    const harmless = (next: CallHandler) => next.handle().pipe(catchError(() => of('all is well')));
    app.useGlobalInterceptors({ intercept: async (_, next) => (await wait(), harmless(next)) });
    app.connectMicroservice<MicroserviceOptions>({ strategy: new ServerSQS(options()) }, { inheritAppConfig: true });
    await app.init();
    await app.startAllMicroservices();
    const events = here.events();
    await Promise.all([1, 2].map(n => events.emit('user.registered', { n })));
    await waitFor('a guard and an interceptor', () => waiting === 2);
    const closed = app.close();
    await waitFor('its beginning', () => !app.get(Database).isOpen);
    gate.open();
    await closed;
    expect(begun).toBe(0);
    await here.queue(QUEUE).untilAllVisible(2);
  });

  it('a server that is still starting does not begin', async () => {
    const app = (await compile()).createNestApplication();
    here.onClose(() => app.close());
    const server = new ServerSQS(options());
    app.connectMicroservice<MicroserviceOptions>({ strategy: server });
    await app.init();
    const starting = app.startAllMicroservices();
    const [start] = await Promise.allSettled([starting, app.close()]);
    expect(start).toMatchObject({ status: 'rejected', reason: { code: 'SERVER_CLOSED' } });
  });
});
