import { fullBucket, takeTurn, turnRate, type TurnBucket } from '#lib/inbox/turn-bucket.js';
import type { RateGrant, RateOfLimit, SteeringStore } from '#lib/interfaces/steering-store.interface.js';
import { TurnTimes } from './turns-judge.ts';

/** Shared limits and pauses by the rules of `SteeringStore`, as the scripts for Redis have them. */
export class MemorySteering implements SteeringStore {
  readonly #buckets = new Map<string, { filled: number; at: number }>();
  readonly #paused = new Map<string, Set<string>>();
  /** By queue and key. */
  readonly #turns = new Map<string, { bucket: TurnBucket; taken: TurnTimes }>();
  readonly #now: () => number;
  readonly #blame: (what: string) => void;

  constructor(now: () => number, blame: (what: string) => void = () => undefined) {
    this.#now = now;
    this.#blame = blame;
  }

  takeRate(queue: string, wanted: number, { messages, perSeconds }: RateOfLimit, spent = 0): RateGrant {
    const perMs = messages / perSeconds / 1000;
    const most = Math.max(1, perMs * 1000);
    const now = this.#now();
    const bucket = this.#buckets.get(queue) ?? { filled: most, at: now };
    const filled = Math.min(most, bucket.filled + (now - bucket.at) * perMs) - spent;
    const granted = Math.max(0, Math.min(wanted, Math.floor(filled)));
    this.#buckets.set(queue, { filled: filled - granted, at: now });
    return { granted, retryAfterMs: Math.max(0, Math.ceil((1 - filled + granted) / perMs)) };
  }

  takeTurn(queue: string, key: string, limit: RateOfLimit, hasWaited: boolean): number {
    const rate = turnRate(limit);
    const now = this.#now();
    const known = this.#turns.get(`${queue} ${key}`);
    const { bucket, taken } = known ?? { bucket: fullBucket(rate, now), taken: new TurnTimes(limit) };
    this.#turns.set(`${queue} ${key}`, { bucket, taken });
    const waitMs = takeTurn(bucket, hasWaited, rate, now);
    if (waitMs === 0 && !taken.add(now))
      this.#blame(`a key of ${queue} was given more turns than its shared limit allows`);
    return waitMs;
  }

  setPaused(scope: string, queue: string, isPaused: boolean): void {
    const paused = this.#paused.get(scope) ?? new Set<string>();
    this.#paused.set(scope, paused);
    if (isPaused) paused.add(queue);
    else paused.delete(queue);
  }

  pausedQueues(scope: string): string[] {
    return [...(this.#paused.get(scope) ?? [])];
  }
}
