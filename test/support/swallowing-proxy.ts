import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Where a connection goes silent: before its request has arrived, before the answer, or in the middle of the answer. */
export type SilentFrom = 'request' | 'answer' | 'half an answer';

interface Silence {
  operation: string;
  from: SilentFrom;
}

/** A connection of a client's, and its way on. */
interface Pair {
  near: Socket;
  far: Socket;
  isDeaf: boolean;
  /** Of the answer: none of it arrives any more. */
  isMute: boolean;
  /** The next piece of the answer is cut in two. */
  isCut: boolean;
}

/** A TCP proxy before an endpoint, whose connections go silent at a call that a test names: nobody closes them. */
export class SwallowingProxy {
  private server: Server | undefined;
  private port = 0;
  private readonly pairs = new Set<Pair>();
  private armed: Silence | undefined;
  /** Calls whose connection went silent. */
  swallowed = 0;

  constructor(private readonly target: URL) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async listen(): Promise<void> {
    this.server = createServer(near => this.pipe(near));
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const { server } = this;
    if (!server) return;
    const closed = new Promise(resolve => server.close(resolve));
    for (const { near, far } of this.pairs) for (const socket of [near, far]) socket.destroy();
    await closed;
  }

  /** The next call of this operation meets a connection that goes silent. */
  swallow(operation: string, from: SilentFrom): void {
    this.armed = { operation, from };
  }

  private pipe(near: Socket): void {
    const far = connect(Number(this.target.port || 80), this.target.hostname);
    const pair: Pair = { near, far, isDeaf: false, isMute: false, isCut: false };
    this.pairs.add(pair);
    near.on('data', (chunk: Buffer) => this.up(pair, chunk));
    far.on('data', (chunk: Buffer) => this.down(pair, chunk));
    for (const socket of [near, far]) socket.on('error', () => undefined);
    near.on('close', () => {
      this.pairs.delete(pair);
      far.destroy();
    });
    // Of a connection that is silent the client does not hear the end either.
    far.on('close', () => void (pair.isDeaf || pair.isMute || near.destroy()));
  }

  private up(pair: Pair, chunk: Buffer): void {
    if (this.armed && isCallOf(this.armed.operation, chunk)) {
      this.swallowed += 1;
      pair.isDeaf = this.armed.from === 'request';
      pair.isMute = this.armed.from === 'answer';
      pair.isCut = this.armed.from === 'half an answer';
      this.armed = undefined;
    }
    if (!pair.isDeaf) pair.far.write(chunk);
  }

  private down(pair: Pair, chunk: Buffer): void {
    if (pair.isDeaf || pair.isMute) return;
    pair.near.write(pair.isCut ? chunk.subarray(0, chunk.length / 2) : chunk);
    pair.isMute = pair.isCut;
  }
}

/** SQS has the operation in a header, SNS in the body. */
function isCallOf(operation: string, chunk: Buffer): boolean {
  const text = chunk.toString('latin1');
  return text.includes(`AmazonSQS.${operation}\r\n`) || text.includes(`Action=${operation}&`);
}
