import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const UNAVAILABLE = 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
const SLOW_MS = 100;

interface Pair {
  near: Socket;
  far: Socket;
  dead: boolean;
  asked: boolean;
}

type Mode = 'open' | 'reset' | 'unavailable' | 'slow';

/** A TCP proxy on 127.0.0.1 before a port of this machine: the network between a process and SNS and SQS. */
export class FaultyProxy {
  readonly #target: number;
  #server: Server | undefined;
  #port = 0;
  #mode: Mode = 'open';
  #opened: Promise<unknown> = Promise.resolve();
  readonly #pairs = new Set<Pair>();
  #busy = false;

  constructor(target: number) {
    this.#target = target;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async listen(): Promise<void> {
    const server = createServer(near => this.#pipe(near));
    this.#server = server;
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
    if (server) await new Promise(resolve => server.close(resolve));
  }

  /** Nobody listens: connections are refused, those that are open have gone. */
  refuse(ms: number): Promise<boolean> {
    return this.#alone(async () => {
      await this.close();
      await pause(ms);
      await this.listen();
    });
  }

  /** Answers are reset in mid-body. */
  reset(ms: number): Promise<boolean> {
    return this.#during('reset', ms);
  }

  /** Every request is answered with 503. */
  unavailable(ms: number): Promise<boolean> {
    return this.#during('unavailable', ms);
  }

  /** Each piece takes a tenth of a second more. */
  slow(ms: number): Promise<boolean> {
    return this.#during('slow', ms);
  }

  /** Nothing moves; afterwards all that waited does. */
  stall(ms: number): Promise<boolean> {
    return this.#alone(async () => {
      this.#opened = pause(ms);
      await this.#opened;
    });
  }

  /** The connections of now are dead for ever, without a word to either side; new ones work. */
  halfOpen(): void {
    for (const pair of this.#pairs) pair.dead = true;
  }

  #during(mode: Mode, ms: number): Promise<boolean> {
    return this.#alone(async () => {
      this.#mode = mode;
      await pause(ms);
      this.#mode = 'open';
    });
  }

  /** False: something else is wrong with it already. */
  async #alone(fault: () => Promise<void>): Promise<boolean> {
    if (this.#busy) return false;
    this.#busy = true;
    await fault();
    this.#busy = false;
    return true;
  }

  #pipe(near: Socket): void {
    const far = connect(this.#target, '127.0.0.1');
    const pair: Pair = { near, far, dead: false, asked: false };
    this.#pairs.add(pair);
    const ways = [
      { from: near, to: far, pass: (chunk: Buffer) => this.#up(pair, chunk) },
      { from: far, to: near, pass: (chunk: Buffer) => this.#down(pair, chunk) },
    ];
    for (const { from, to, pass } of ways) {
      let order = Promise.resolve();
      from.on('data', (chunk: Buffer) => {
        order = order.then(async () => {
          await this.#opened;
          if (this.#mode === 'slow') await pause(SLOW_MS);
          if (!pair.dead && !to.destroyed) pass(chunk);
        });
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        if (from === near) this.#pairs.delete(pair);
        // Of a dead connection the near side hears nothing, not even its end.
        if (from === near || !pair.dead) void order.then(() => to.destroy());
      });
    }
  }

  #up(pair: Pair, chunk: Buffer): void {
    if (this.#mode === 'unavailable' && !pair.asked) {
      pair.far.destroy();
      pair.near.end(UNAVAILABLE);
      return;
    }
    pair.asked = true;
    pair.far.write(chunk);
  }

  #down(pair: Pair, chunk: Buffer): void {
    pair.asked = false;
    if (this.#mode === 'reset') {
      pair.near.write(chunk.subarray(0, chunk.length / 2), () => {
        pair.near.resetAndDestroy();
        pair.far.destroy();
      });
      return;
    }
    pair.near.write(chunk);
  }
}
