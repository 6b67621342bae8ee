import { once } from 'node:events';
import { createServer } from 'node:net';

/** The preferred port when nobody has it, else a free one. */
export async function freePort(preferred = 0) {
  for (const candidate of [preferred, 0]) {
    const server = createServer();
    server.listen(candidate, '127.0.0.1');
    const taken = await Promise.race([
      once(server, 'listening').then(() => false),
      once(server, 'error').then(() => true),
    ]);
    if (taken) continue;
    const { port } = server.address();
    server.close();
    await once(server, 'close');
    return port;
  }
  throw new Error('no port is free');
}
