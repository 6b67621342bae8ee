import { Controller, Inject } from '@nestjs/common';
import { ClientProxy, MessagePattern, Payload } from '@nestjs/microservices';
import { ClientSQS, OnDomainEvent } from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';
import { waitFor } from '../support/wait-for.js';
import { world, type StartOptions } from '../support/world.js';

describe('a service whose handlers ask the service itself', () => {
  const here = world();
  let mostInnerAtOnce = 0;
  let counted = 0;

  @Controller()
  class Sums {
    private inner = 0;

    constructor(@Inject('SELF') private readonly self: ClientProxy) {}

    @MessagePattern('outer')
    outer(@Payload() n: number): Promise<number> {
      return lastValueFrom(this.self.send<number>('middle', n));
    }

    @MessagePattern('middle')
    async middle(@Payload() n: number): Promise<number> {
      return 1 + (await lastValueFrom(this.self.send<number>('inner', n)));
    }

    @MessagePattern('inner')
    async work(@Payload() n: number): Promise<number> {
      this.inner += 1;
      mostInnerAtOnce = Math.max(mostInnerAtOnce, this.inner);
      await new Promise(resolve => setImmediate(resolve));
      this.inner -= 1;
      return 2 * n;
    }

    @OnDomainEvent('counted', { from: 'users', useCase: 'sum' })
    async sum(@Payload() n: number): Promise<void> {
      counted += await lastValueFrom(this.self.send<number>('inner', n));
    }
  }

  beforeEach(() => {
    mostInnerAtOnce = counted = 0;
  });

  const start = (options: StartOptions = {}): Promise<unknown> =>
    here.start([Sums], {
      ...options,
      providers: [{ provide: 'SELF', useFactory: () => here.commands({ source: 'notifications' }).client }],
    });
  const askAll = (client: ClientSQS, pattern: string, count: number): Promise<number[]> =>
    Promise.all(Array.from({ length: count }, (_, n) => lastValueFrom(client.send<number, number>(pattern, n))));
  const expected = (count: number): number[] => Array.from({ length: count }, (_, n) => 1 + 2 * n);

  it('answers ten requests at once, each of which asks twice deep, and says that all slots wait', async () => {
    await start();
    expect(await askAll(here.commands().client, 'outer', 10)).toEqual(expected(10));
    const said = here.logs.with('wait for answers to requests', 'warn');
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/notifications-async-commands\.fifo: all 10 handlers/);
  });

  it('answers many more than there are slots, and begins no more of them at once', async () => {
    await start({ consumer: { concurrency: 2 } });
    expect(await askAll(here.commands().client, 'middle', 40)).toEqual(expected(40));
    expect(mostInnerAtOnce).toBeLessThanOrEqual(4);
  });

  it('answers where the whole server has one slot, and an event asks', async () => {
    await start({ concurrency: 1 });
    await here.events().emit('counted', 21);
    await waitFor('the event to be handled', () => counted === 42);
  });
});
