import { createServer, request, type Server } from 'node:http';
import { Agent, type AgentOptions } from 'node:https';
import { connect as connectTcp, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

/** A proxy as companies have it: HTTP's CONNECT, and no other way out. */
export class Tunnel {
  /** Where connections were led to, `host:port`. */
  readonly led: string[] = [];
  private readonly server: Server = createServer();
  private readonly sockets = new Set<Duplex>();

  constructor() {
    this.server.on('connect', ({ url = '' }, socket: Duplex) => {
      this.led.push(url);
      const { hostname, port } = new URL(`http://${url}`);
      const onward = connectTcp(Number(port), hostname, () => {
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        socket.pipe(onward).pipe(socket);
      });
      for (const each of [socket, onward]) {
        this.sockets.add(each);
        each.on('error', () => this.cut(socket, onward));
        each.on('close', () => this.cut(socket, onward));
      }
    });
  }

  open(): Promise<void> {
    return new Promise(resolve => void this.server.listen(0, '127.0.0.1', resolve));
  }

  close(): void {
    this.server.close();
    this.cut(...this.sockets);
  }

  /** An agent for https whose connections go through it. */
  agent(options: AgentOptions): Agent {
    return new TunnelAgent(options, (this.server.address() as AddressInfo).port);
  }

  private cut(...sockets: Duplex[]): void {
    for (const socket of sockets) {
      this.sockets.delete(socket);
      socket.destroy();
    }
  }
}

type Connected = (error: Error | null, socket?: Socket) => void;

class TunnelAgent extends Agent {
  constructor(
    options: AgentOptions,
    private readonly port: number,
  ) {
    super({ keepAlive: true, ...options });
  }

  // Its type in Node's declarations has no place for an answer that comes later, which Node allows.
  override createConnection = ((options: ConnectionOptions, connected: Connected): undefined => {
    const path = `${options.host}:${options.port}`;
    request({ host: '127.0.0.1', port: this.port, method: 'CONNECT', path, agent: false })
      .on('connect', (_, socket) => connected(null, connectTls({ ...options, socket })))
      .on('error', connected)
      .end();
  }) as unknown as Agent['createConnection'];
}
