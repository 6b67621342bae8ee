import { observedServers, type QueueDepth } from '../events/observed-parts.js';

/** Asks SQS every so often how many messages the queues of this process have. It keeps no process alive. */
export class DepthPoller {
  private timer: NodeJS.Timeout | undefined;
  private asking: Promise<void> | undefined;
  latest: readonly QueueDepth[] = [];

  /** @param everySeconds undefined: it never asks */
  constructor(private readonly everySeconds: number | undefined) {}

  start(): void {
    if (this.everySeconds === undefined || this.timer) return;
    this.timer = setInterval(() => void this.ask(), this.everySeconds * 1000);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** Never rejects. One at a time. */
  ask(): Promise<void> {
    this.asking ??= this.askNow().finally(() => (this.asking = undefined));
    return this.asking;
  }

  private async askNow(): Promise<void> {
    const depths = await Promise.all(observedServers().map(server => server.depths()));
    this.latest = depths.flat();
  }
}
