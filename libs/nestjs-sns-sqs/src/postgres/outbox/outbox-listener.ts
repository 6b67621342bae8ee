import { abortController } from '../../async/abort.js';
import { backoffMs } from '../../async/backoff.js';
import { pause } from '../../async/pause.js';

/** A connection of its own that waits for `NOTIFY`, not one of a pool: a connected `Client` of `pg` fits as it is. */
export interface ListeningConnection {
  query(text: string): Promise<unknown>;
  on(event: 'notification' | 'error' | 'end', listener: () => void): unknown;
  end(): Promise<void>;
}

const AGAIN_MS = { initial: 500, max: 30_000 };

/**
 * Calls `wake` when another process has committed a message. A hint and no more: where the connection is lost, or a pooler
 * swallows what it should tell, the relay finds messages by looking.
 */
export class OutboxListener {
  private readonly stopping = abortController();
  private readonly listening: Promise<void>;

  constructor(
    private readonly connect: () => Promise<ListeningConnection>,
    private readonly channel: string,
    private readonly wake: () => void,
  ) {
    this.listening = this.listen();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.listening;
  }

  private async listen(): Promise<void> {
    const { signal } = this.stopping;
    for (let failures = 0; !signal.aborted;) {
      try {
        await this.listenOnce(() => (failures = 0));
      } catch {
        // The relay looks all the same.
      }
      failures += 1;
      await pause(backoffMs(AGAIN_MS, failures, Math.random), signal);
    }
  }

  /** Resolves when the connection has ended. */
  private async listenOnce(onListening: () => void): Promise<void> {
    const { signal } = this.stopping;
    const connection = await this.connect();
    try {
      const ended = new Promise<void>(resolve => {
        connection.on('error', resolve);
        connection.on('end', resolve);
        signal.addEventListener('abort', () => resolve());
        if (signal.aborted) resolve();
      });
      connection.on('notification', () => this.wake());
      await connection.query(`LISTEN ${this.channel}`);
      onListening();
      // What was committed before is told by nobody.
      this.wake();
      await ended;
    } finally {
      await connection.end().catch(() => undefined);
    }
  }
}
