import { connect } from 'node:net';

const HEADERS_END = Buffer.from('\r\n\r\n');

/** One keep-alive HTTP connection to SQS, one request at a time: next to no cost beside the server's. */
export class Connection {
  #socket;
  #received = Buffer.alloc(0);
  #done;
  #fail;

  constructor(endpoint) {
    const { hostname, port, host } = new URL(endpoint);
    this.host = host;
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.on('data', chunk => this.#read(chunk));
    this.#socket.on('error', error => this.#fail?.(error));
  }

  /** Resolves to the body of the answer; rejects when it is not 200. */
  call(operation, input) {
    const body = JSON.stringify(input);
    const head =
      `POST / HTTP/1.1\r\nHost: ${this.host}\r\nContent-Type: application/x-amz-json-1.0\r\n` +
      `X-Amz-Target: AmazonSQS.${operation}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
    this.#socket.write(head + body);
    return new Promise((resolve, reject) => {
      this.#done = resolve;
      this.#fail = reject;
    });
  }

  close() {
    this.#socket.destroy();
  }

  #read(chunk) {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf(HEADERS_END);
    if (end < 0) return;
    const head = this.#received.toString('latin1', 0, end);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    const start = end + HEADERS_END.length;
    if (this.#received.length < start + length) return;
    const body = this.#received.toString('utf8', start, start + length);
    this.#received = Buffer.alloc(0);
    if (head.startsWith('HTTP/1.1 200')) this.#done(body);
    else this.#fail(new Error(body));
  }
}
