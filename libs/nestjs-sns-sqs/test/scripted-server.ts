import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
}

/**
 * `cut`: the connection is cut instead of an answer; `truncate`: within one; `hold`: no answer as long as the test
 * does not release it.
 */
export type Reply = Answer | 'cut' | 'truncate' | 'hold';

interface Held {
  request: SeenRequest;
  response: ServerResponse;
}

/** An endpoint that answers as a test tells it to. */
export class ScriptedServer {
  readonly requests: SeenRequest[] = [];
  /** Requests that are waited for, and whose caller is still there. */
  readonly held = new Set<Held>();
  private readonly server: Server;
  private replies: Array<Reply | ((request: SeenRequest) => Reply)> = [{}];
  private watchers: Array<() => void> = [];

  private constructor() {
    this.server = createServer((request, response) => this.receive(request, response));
  }

  static async start(): Promise<ScriptedServer> {
    const scripted = new ScriptedServer();
    scripted.server.listen(0, '127.0.0.1');
    await once(scripted.server, 'listening');
    return scripted;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Forgets what was seen; from now on answers with these in turn, the last one ever after. */
  script(...replies: Array<Reply | ((request: SeenRequest) => Reply)>): void {
    this.requests.length = 0;
    this.replies = replies;
  }

  /** Resolves when so many requests are held. */
  async untilHeld(count: number): Promise<void> {
    while (this.held.size !== count) await new Promise<void>(resolve => this.watchers.push(resolve));
  }

  /** Answers what is held, and what comes from now on. */
  release(answer: Answer): void {
    this.script(answer);
    for (const { response } of this.held) write(response, answer);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
  }

  private receive(message: IncomingMessage, response: ServerResponse): void {
    let body = '';
    message.setEncoding('utf8');
    message.on('data', (chunk: string) => (body += chunk));
    message.on('end', () => {
      const { method = '', url: path = '', headers } = message;
      const request = { method, path, headers, body };
      this.requests.push(request);
      const next = (this.replies.length > 1 ? this.replies.shift() : this.replies[0]) ?? {};
      this.answer(request, response, typeof next === 'function' ? next(request) : next);
    });
  }

  private answer(request: SeenRequest, response: ServerResponse, reply: Reply): void {
    if (reply === 'cut') response.destroy();
    else if (reply === 'truncate') {
      response.writeHead(200, { 'Content-Length': '100' });
      response.write('{"Messages":', () => response.destroy());
    } else if (reply === 'hold') this.hold({ request, response });
    else write(response, reply);
  }

  private hold(held: Held): void {
    this.held.add(held);
    held.response.once('close', () => {
      this.held.delete(held);
      this.tell();
    });
    this.tell();
  }

  private tell(): void {
    for (const watcher of this.watchers.splice(0)) watcher();
  }
}

function write(response: ServerResponse, { status = 200, headers = {}, body = '{}' }: Answer): void {
  response.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.0', ...headers });
  response.end(body);
}
