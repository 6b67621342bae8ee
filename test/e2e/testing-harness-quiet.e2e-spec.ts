import { channel } from 'node:diagnostics_channel';
import { jest } from '@jest/globals';
import { Controller, type INestMicroservice, type Type } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { VirtualClock } from 'local-sns-sqs';
import { ClientSNS, ClientSQS, DeadLetter, OnDomainEvent, RetryLater, ServerSQS, SqsContext } from 'nestjs-sns-sqs';
import { TestHarness } from 'nestjs-sns-sqs/testing';
import { lastValueFrom, takeUntil } from 'rxjs';
import { Gate } from '../support/wait-for.js';

describe('quiet()', () => {
  let harness: TestHarness;
  const closers: Array<() => Promise<unknown>> = [];

  beforeEach(async () => {
    harness = await TestHarness.start();
  });

  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    await harness.stop();
  });

  async function start(controllers: Type[]): Promise<INestMicroservice> {
    const module = await Test.createTestingModule({ controllers }).compile();
    const strategy = new ServerSQS({ service: 'work', aws: harness.aws, shutdownTimeoutMs: 0 });
    const app = module.createNestMicroservice({ strategy, logger: false });
    closers.push(() => app.close());
    await app.listen();
    return app;
  }

  const events = (): ClientSNS => {
    const client = new ClientSNS({ service: 'users', aws: harness.aws });
    closers.push(() => client.close());
    return client;
  };

  it('waits for what was emitted and not awaited', async () => {
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      handle(): void {}
    }
    await start([Work]);
    const client = events();
    for (let n = 0; n < 25; n += 1) client.emit('user.registered', { n });
    await harness.quiet();
    expect(harness.published).toHaveLength(25);
    expect(harness.handled).toHaveLength(25);
  });

  it('does not wait for what could not be sent, and tells of it', async () => {
    const client = events();
    client.on('error', () => undefined);
    client.emit('user.registered', { n: 1n });
    await harness.quiet();
    expect(harness.published).toMatchObject([{ type: 'user.registered', error: { code: 'UNSERIALIZABLE_DATA' } }]);
  });

  it('sees no dead letter of before a clear()', async () => {
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      handle(): void {
        throw new DeadLetter('no');
      }
    }
    await start([Work]);
    const client = events();
    const deadLetters = () => harness.deadLettered.map(({ data }) => data);
    await lastValueFrom(client.emit('user.registered', { n: 1 }));
    await harness.quiet();
    expect(deadLetters()).toEqual([{ n: 1 }]);
    harness.clear();
    expect([harness.published, harness.failed, deadLetters()]).toEqual([[], [], []]);
    await lastValueFrom(client.emit('user.registered', { n: 2 }));
    await harness.quiet();
    expect(deadLetters()).toEqual([{ n: 2 }]);
  });

  it('says what is left when it takes too long', async () => {
    const gate = new Gate();
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      handle(): Promise<void> {
        return gate.opened;
      }
    }
    await start([Work]);
    await lastValueFrom(events().emit('user.registered', {}));
    await expect(harness.quiet({ timeoutMs: 200 })).rejects.toThrow(
      'not quiet after 200 ms: work-on-user-registered has 1.',
    );
    gate.open();
    await harness.quiet();
  });

  it('ends under faked timers too, and says that they are why', async () => {
    channel('nestjs-sns-sqs:publishing').publish({
      destination: 'users-domain-events',
      type: 'user.registered',
      id: '1',
    });
    jest.useFakeTimers();
    try {
      await expect(harness.quiet({ timeoutMs: 50 })).rejects.toThrow(
        'user.registered is on its way to users-domain-events. This test fakes timers, and the library waits for them. Fake only Date',
      );
    } finally {
      jest.useRealTimers();
    }
  });

  it('is not kept waiting by a reply that nobody waits for any more', async () => {
    const gate = new Gate();
    const begun = new Gate();
    @Controller()
    class Work {
      @MessagePattern('late')
      async late(@Payload() data: unknown): Promise<unknown> {
        begun.open();
        await gate.opened;
        return data;
      }
    }
    await start([Work]);
    const client = new ClientSQS({ service: 'work', aws: harness.aws });
    closers.push(() => client.close());
    // Its caller gives up once the handler runs.
    const answer = lastValueFrom(client.send('late', {}).pipe(takeUntil(begun.opened)), { defaultValue: 'none' });
    expect(await answer).toBe('none');
    gate.open();
    await harness.quiet();
    expect(harness.handled).toMatchObject([{ type: 'late' }]);
  });
});

describe('a broker with a clock that the test moves', () => {
  it('lets a retry in an hour come at once', async () => {
    const clock = new VirtualClock();
    const harness = await TestHarness.start({ clock });
    const attempts: number[] = [];
    @Controller()
    class Work {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'work' })
      handle(@Ctx() context: SqsContext): void {
        attempts.push(context.getAttempt());
        if (context.getAttempt() === 1) throw new RetryLater(3_600, 'the bank is closed');
      }
    }
    const module = await Test.createTestingModule({ controllers: [Work] }).compile();
    const app = module.createNestMicroservice({
      strategy: new ServerSQS({ service: 'work', aws: harness.aws }),
      logger: false,
    });
    const client = new ClientSNS({ service: 'users', aws: harness.aws });
    try {
      await app.listen();
      await lastValueFrom(client.emit('user.registered', {}));
      const { inspect } = harness.broker;
      await inspect.until('work-on-user-registered', () => inspect.calls()['sqs.ChangeMessageVisibilityBatch'] === 1);
      clock.advance(3_600_000);
      await harness.quiet();
      expect(attempts).toEqual([1, 2]);
      expect(harness.failed).toMatchObject([{ outcome: 'retry' }]);
    } finally {
      await client.close();
      await app.close();
      await harness.stop();
    }
  });
});
