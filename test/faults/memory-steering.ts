import type { RateGrant, RateOfLimit, SteeringStore } from '#lib/interfaces/steering-store.interface.js';

/** Shared limits and pauses by the rules of `SteeringStore`, as the scripts for Redis have them. */
export class MemorySteering implements SteeringStore {
  readonly #buckets = new Map<string, { filled: number; at: number }>();
  readonly #paused = new Map<string, Set<string>>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
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

  takeTurn(): number {
    throw new Error('No schedule limits by a key');
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
