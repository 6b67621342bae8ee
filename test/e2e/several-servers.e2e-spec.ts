import { Controller, Injectable, type INestApplication, type OnModuleDestroy } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { OnCommand, OnDomainEvent, ServerSQS, SQS_TRANSPORT } from 'nestjs-sns-sqs';
import { lastValueFrom } from 'rxjs';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const EU = Symbol('eu');
const US = Symbol('us');

describe('several servers in one app, each with a transportId of its own', () => {
  const here = world();
  let seen: string[] = [];
  let app: INestApplication;

  @Controller()
  class Work {
    @OnCommand('work', { transport: EU })
    workInEu(): void {
      seen.push('eu: work');
    }

    @EventPattern<string>('work', US)
    workInUs(): void {
      seen.push('us: work');
    }

    @MessagePattern('where', EU)
    eu(): string {
      return 'eu';
    }

    @MessagePattern('where', US)
    us(): string {
      return 'us';
    }

    @MessagePattern('all')
    all(@Payload() data: string): string {
      return `all: ${data}`;
    }

    @OnDomainEvent('user.registered', { from: 'users', useCase: 'count', transport: US })
    count(): void {
      seen.push('us: user.registered');
    }

    @MessagePattern('nowhere', SQS_TRANSPORT)
    nowhere(): string {
      return 'of the server that this app does not have';
    }
  }

  const serverOf = (service: string, transportId: symbol): ServerSQS =>
    new ServerSQS(here.serverOptions({ service, transportId, consumer: { maxReceiveCount: 1 } }));
  let eu: ServerSQS;
  let us: ServerSQS;

  let statusesAtDestroy: string[] = [];

  @Injectable()
  class Watch implements OnModuleDestroy {
    onModuleDestroy(): void {
      for (const { status } of [eu, us]) status.subscribe(now => statusesAtDestroy.push(now)).unsubscribe();
    }
  }

  beforeEach(async () => {
    seen = [];
    statusesAtDestroy = [];
    const module = await Test.createTestingModule({ controllers: [Work], providers: [Watch] })
      .setLogger(here.logs)
      .compile();
    app = module.createNestApplication();
    here.onClose(() => app.close());
    eu = serverOf('eu', EU);
    us = serverOf('us', US);
    for (const strategy of [eu, us]) app.connectMicroservice({ strategy });
    await app.init();
    await app.startAllMicroservices();
  });

  it('runs the handlers of each server on its own queues, and those that name none on both', async () => {
    const to = (service: string) => here.commands({ service, groupId: () => 'g' });
    const clients = { eu: to('eu'), us: to('us') };
    const ask = (of: 'eu' | 'us', pattern: string) =>
      lastValueFrom(clients[of].client.send<string, string>(pattern, of)).catch((error: unknown) => error);
    expect(await Promise.all([ask('eu', 'where'), ask('us', 'where')])).toEqual(['eu', 'us']);
    expect(await Promise.all([ask('eu', 'all'), ask('us', 'all')])).toEqual(['all: eu', 'all: us']);
    await here.events().emit('user.registered', {});
    await clients.eu.emit('work', {});
    await clients.us.emit('work', {});
    await waitFor('each to be handled', () => seen.length >= 3);
    expect(seen.toSorted()).toEqual(['eu: work', 'us: user.registered', 'us: work']);
    expect([Object.keys(eu.health().queues), Object.keys(us.health().queues)]).toEqual([
      [`${here.prefix}eu-async-commands.fifo`],
      [`${here.prefix}us-async-commands.fifo`, `${here.prefix}count-on-user-registered`],
    ]);
    expect(await ask('eu', 'nowhere')).toMatch(/no matching message handler/);
  });

  it("stops the intake of every one of them when the app's end begins", async () => {
    await app.close();
    expect(statusesAtDestroy).toEqual(['draining', 'draining']);
  });
});
