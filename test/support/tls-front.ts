import { request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { readQuery } from '../../libs/local-sns-sqs/src/http/query.js';
import type { Identity } from './self-signed.js';

/** An endpoint behind TLS that hears only those who show a certificate that it knows. */
export class TlsFront {
  /** Operations that have come through, one for each call. */
  readonly operations: string[] = [];
  /** Why connections were refused. */
  readonly refusals: Error[] = [];
  private readonly server: Server;

  constructor(
    private readonly target: URL,
    own: Identity,
    known: Identity,
  ) {
    this.server = createServer(
      { ...own, ca: known.cert, requestCert: true, rejectUnauthorized: true },
      (message, response) => void this.forward(message, response),
    );
    this.server.on('tlsClientError', error => this.refusals.push(error));
  }

  /** Resolves to its URL. */
  open(): Promise<string> {
    return new Promise(resolve => {
      this.server.listen(0, '127.0.0.1', () =>
        resolve(`https://127.0.0.1:${(this.server.address() as AddressInfo).port}`),
      );
    });
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async forward(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(message);
    const target = message.headers['x-amz-target'];
    this.operations.push(
      target === undefined ? readQuery(body.toString()).action : String(target).replace('AmazonSQS.', ''),
    );
    const { hostname: host, port } = this.target;
    const { method, url: path, headers } = message;
    const onward = send({ host, port, method, path, headers, agent: false }, answer => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => response.writableFinished || onward.destroy());
    onward.end(body);
  }
}
