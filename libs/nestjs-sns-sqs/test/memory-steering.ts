import { monotonicNow } from '../src/async/clock.js';
import { bucketRate, fullBucket, takeTurn, turnRate, type TurnBucket } from '../src/inbox/turn-bucket.js';
import type { RateGrant, RateOfLimit, SteeringStore } from '../src/interfaces/steering-store.interface.js';

/** A `SteeringStore` of one test: a few milliseconds away, and unavailable when the test says so. For fake time too. */
export class MemorySteering implements SteeringStore {
  calls = 0;
  isAway = false;
  latencyMs = 0;
  private readonly rates = new Map<string, { filled: number; at: number }>();
  private readonly turns = new Map<string, TurnBucket>();
  private readonly paused = new Set<string>();

  takeRate(queue: string, wanted: number, limit: RateOfLimit, spent = 0): Promise<RateGrant> {
    return this.answer(() => {
      const { perMs, most } = bucketRate(limit);
      const now = monotonicNow();
      const bucket = this.rates.get(queue) ?? { filled: most, at: now };
      const filled = Math.min(most, bucket.filled + (now - bucket.at) * perMs) - spent;
      const granted = Math.max(0, Math.min(wanted, Math.floor(filled)));
      this.rates.set(queue, { filled: filled - granted, at: now });
      return { granted, retryAfterMs: Math.max(0, Math.ceil((1 - filled + granted) / perMs)) };
    });
  }

  takeTurn(queue: string, key: string, limit: RateOfLimit, hasWaited: boolean): Promise<number> {
    return this.answer(() => {
      const rate = turnRate(limit);
      const now = monotonicNow();
      const bucket = this.turns.get(`${queue} ${key}`) ?? fullBucket(rate, now);
      this.turns.set(`${queue} ${key}`, bucket);
      return takeTurn(bucket, hasWaited, rate, now);
    });
  }

  async setPaused(scope: string, queue: string, isPaused: boolean): Promise<void> {
    await this.answer(() =>
      isPaused ? this.paused.add(`${scope} ${queue}`) : this.paused.delete(`${scope} ${queue}`),
    );
  }

  pausedQueues(scope: string): Promise<string[]> {
    return this.answer(() =>
      [...this.paused].filter(text => text.startsWith(`${scope} `)).map(text => text.slice(scope.length + 1)),
    );
  }

  private async answer<T>(give: () => T): Promise<T> {
    this.calls += 1;
    if (this.latencyMs > 0) await new Promise(resolve => setTimeout(resolve, this.latencyMs));
    if (this.isAway) throw new Error('away');
    return give();
  }
}
