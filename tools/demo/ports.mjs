import { once } from 'node:events';
import { createServer } from 'node:net';

/** The preferred port when nobody has it, else 0: the system gives a free one to whoever listens. */
export async function freePort(preferred = 0) {
  if (preferred === 0) return 0;
  const server = createServer().listen(preferred, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return 0;
  }
  server.close();
  await once(server, 'close');
  return preferred;
}
