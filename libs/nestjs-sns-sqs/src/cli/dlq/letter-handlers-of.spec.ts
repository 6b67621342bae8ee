import { Controller, Module } from '@nestjs/common';
import { z } from 'zod';
import { defineContract, MemoryInboxStore, OnDomainEvent, SnsSqsModule } from '../../index.js';
import { readApp } from '../app/open-app.js';
import { lettersHandlersOf, sharedStoreOf } from './letter-handlers-of.js';

const NOWHERE = { endpoint: 'http://127.0.0.1:9', region: 'eu-west-1' };
const user = z.object({ id: z.string() });
const users = defineContract('users', { events: { 'user.registered': user } });

@Controller()
class Handlers {
  @users.OnEvent('user.registered', { useCase: 'audit', formerly: ['old-audit'] })
  audit({ id }: { id: string }): string {
    return id;
  }

  @OnDomainEvent('user.*', { from: 'users', useCase: 'count', queue: 'count', ordering: 'latest' })
  count(): void {}
}

const store = new MemoryInboxStore();

@Module({
  imports: [SnsSqsModule.forRoot({ service: 'audit', prefix: 'dev-', aws: NOWHERE, inbox: { store } })],
  controllers: [Handlers],
})
class App {}

describe('what an app would do with letters', () => {
  it('is known by queue and type: schema, order, former queues', async () => {
    const handlers = lettersHandlersOf(await readApp(() => App, { spec: 'app.js#App' }));
    expect(handlers.consumes('dev-audit-on-user-registered')).toBe(true);
    expect(handlers.consumes('dev-old-audit')).toBe(true);
    expect(handlers.consumes('audit-on-user-registered')).toBe(false);
    expect(handlers.find('dev-audit-on-user-registered', 'user.registered')).toMatchObject({
      schema: user,
      ordering: 'none',
    });
    expect(handlers.find('dev-old-audit', 'user.registered')).toMatchObject({ schema: user });
    expect(handlers.find('dev-count', 'user.deleted')).toMatchObject({ ordering: 'latest' });
    expect(handlers.find('dev-audit-on-user-registered', 'user.deleted')).toBeUndefined();
  });

  it('takes no store that is in the memory of this process', async () => {
    expect(sharedStoreOf(await readApp(() => App, { spec: 'app.js#App' }))).toBeUndefined();
  });
});
