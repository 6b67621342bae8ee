import { createServer } from 'node:net';
import { leftBeyond, livingResources } from './support/living-resources.mjs';

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
});
