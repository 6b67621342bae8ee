import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { leftBeyond, livingResources, openSockets } from './support/living-resources.mjs';
import { waitFor } from './support/wait-for.js';

describe('what a spec leaves behind', () => {
  it('is what would keep its process alive: a server and a timer, as long as they are not closed', async () => {
    const before = livingResources();
    const server = createServer().listen(0, '127.0.0.1');
    // A few: of Jest's own timers some may end meanwhile.
    const timers = Array.from({ length: 20 }, () => setInterval(() => undefined, 60_000));
    const left = await leftBeyond(before, 50);
    for (const timer of timers) clearInterval(timer);
    server.close();
    expect(left.toSorted()).toEqual(['1 TCPServerWrap', expect.stringMatching(/^\d+ Timeout$/)]);
    expect(await leftBeyond(before, 5_000)).toEqual([]);
  });

  it('is not what was unref()ed, nor what ends in a moment', async () => {
    const before = livingResources();
    const server = createServer().listen(0, '127.0.0.1').unref();
    const idle = setInterval(() => undefined, 60_000).unref();
    setTimeout(() => undefined, 30);
    expect(await leftBeyond(before, 5_000)).toEqual([]);
    server.close();
    clearInterval(idle);
  });

  it('names a socket by its ends, and by the spec and the line that opened it', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    const [[accepted]] = (await Promise.all([once(server, 'connection'), once(socket, 'connect')])) as [[Socket], []];
    const told = openSockets();
    const ends = [`127.0.0.1:${socket.localPort}`, `127.0.0.1:${port}`];
    socket.destroy();
    accepted.destroy();
    server.close();
    expect(told.filter(line => line.startsWith(ends.join(' to ')))).toEqual([
      expect.stringMatching(/, opened for living-resources\.spec\.ts by .*living-resources\.spec\.ts:\d+/),
    ]);
    expect(told.filter(line => line.startsWith(ends.toReversed().join(' to ')))).toEqual([
      expect.stringMatching(/, of a server here$/),
    ]);
    await waitFor('the sockets to close', () => !openSockets().some(line => line.includes(`:${port}`)));
  });
});
