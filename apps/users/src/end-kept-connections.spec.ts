import { once } from 'node:events';
import { Agent, request, type IncomingMessage, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { Controller, Get } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Gate, waitFor } from '../../../test/support/wait-for.js';
import { endKeptConnections } from './end-kept-connections.js';

describe('endKeptConnections', () => {
  it('lets an app close although a client goes on with its connection', async () => {
    const gate = new Gate();
    let served = 0;
    @Controller()
    class Work {
      @Get()
      async work(): Promise<string> {
        served += 1;
        await gate.opened;
        return 'done';
      }
    }
    const module = await Test.createTestingModule({ controllers: [Work] }).compile();
    const app = module.createNestApplication({ logger: false });
    endKeptConnections(app);
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const get = async (): Promise<string> => {
      const [response] = (await once(request(url, { agent }).end(), 'response')) as [IncomingMessage];
      return text(response);
    };

    const first = get();
    await waitFor('the first request', () => served === 1);
    let isClosed = false;
    const closing = app.close().then(() => (isClosed = true));
    await waitFor('the server to listen no more', () => !(app.getHttpServer() as Server).listening);
    gate.open();
    expect(await first).toBe('done');
    // The connection is kept: one that was asked for is still answered, and is the last.
    expect(await get()).toBe('done');
    await expect(get()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await closing;
    expect(isClosed).toBe(true);
    agent.destroy();
  });
});
