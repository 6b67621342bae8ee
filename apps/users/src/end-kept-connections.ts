import type { Server, ServerResponse } from 'node:http';
import type { INestApplication } from '@nestjs/common';

/**
 * A server that closes answers `Connection: close`. Node leaves that out, and goes on with a connection that was busy
 * for as long as its client sends requests; and Nest ends nothing else before. On Nest 12 the option
 * `return503OnClosing` does it too, and refuses those requests.
 */
export function endKeptConnections(app: INestApplication): void {
  const server = app.getHttpServer() as Server;
  app.use((_: unknown, response: ServerResponse, next: () => void) => {
    if (!server.listening) response.setHeader('Connection', 'close');
    next();
  });
}
