import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How long it thinks before it denies a call, in milliseconds. */
const THINKS_MS = 50;

/** An endpoint that denies each call after a while, or never answers. */
export class TroubledAccount {
  answers: 'denied' | 'never' = 'denied';
  /** Calls that are not answered. */
  waiting = 0;
  private readonly server: Server = createServer((request, response) => {
    request.resume();
    if (this.answers === 'never') {
      this.waiting += 1;
      return;
    }
    setTimeout(() => {
      response.writeHead(403, {
        'content-type': 'application/x-amz-json-1.0',
        'x-amzn-query-error': 'AccessDeniedException;Sender',
      });
      response.end(JSON.stringify({ __type: 'com.amazonaws.sqs#AccessDeniedException', message: 'not for you' }));
    }, THINKS_MS);
  });

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  open(): Promise<void> {
    return new Promise(resolve => void this.server.listen(0, '127.0.0.1', resolve));
  }

  close(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise(resolve => void this.server.close(() => resolve()));
  }
}
