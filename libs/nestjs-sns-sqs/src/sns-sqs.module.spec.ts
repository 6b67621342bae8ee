import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ClientSQS } from './client/client-sqs.js';
import { getCommandsToken, SnsSqsModule } from './sns-sqs.module.js';

const aws = { region: 'eu-west-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };
const options = { service: 'users', aws };

describe('SnsSqsModule.forFeature', () => {
  const token = getCommandsToken('orders');

  const appOf = async () => {
    @Module({ imports: [SnsSqsModule.forFeature({ commandsTo: ['orders'] })] })
    class First {}
    @Module({ imports: [SnsSqsModule.forFeature({ commandsTo: ['orders', 'users'] })] })
    class Second {}
    const app = await Test.createTestingModule({ imports: [SnsSqsModule.forRoot(options), First, Second] }).compile();
    const clientOf = (module: typeof First, of = token): ClientSQS => app.select(module).get(of, { strict: false });
    return {
      app,
      first: clientOf(First),
      second: clientOf(Second),
      users: clientOf(Second, getCommandsToken('users')),
    };
  };

  it('gives each service one client, however many modules ask: two would keep no order between them', async () => {
    const { app, first, second, users } = await appOf();
    expect(first).toBeInstanceOf(ClientSQS);
    const all = app.get<ClientSQS[]>(token, { strict: false, each: true });
    expect(all).toHaveLength(2);
    expect(new Set([...all, first, second]).size).toBe(1);
    expect(users).not.toBe(first);
    await app.close();
  });

  it('gives each app its own, though both were given the same options', async () => {
    const [one, other] = [await appOf(), await appOf()];
    expect(one.first).not.toBe(other.first);
    await one.app.close();
    await other.app.close();
  });
});
