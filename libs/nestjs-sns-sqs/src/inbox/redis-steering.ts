import type { RateLimitOptions } from '../interfaces/steering-options.interface.js';
import type { RateGrant, SteeringStore } from '../interfaces/steering-store.interface.js';
import type { RedisCaller } from './redis-caller.js';
import { PAUSED_QUEUES, SET_PAUSED, TAKE_RATE } from './redis-scripts.js';

/** A bucket that nobody takes from is full again long before, in milliseconds. */
const KEEP_MS = 86_400_000;

/** Shared limits and pauses in Redis: `<prefix>:{<queue>}:rate` is a bucket, `<prefix>:{<scope>}:paused` a set of queues. */
export class RedisSteering implements SteeringStore {
  constructor(
    private readonly caller: RedisCaller,
    private readonly prefix: string,
  ) {}

  async takeRate(queue: string, wanted: number, { messages, perSeconds }: RateLimitOptions): Promise<RateGrant> {
    const perMs = messages / perSeconds / 1000;
    const args = [String(perMs), String(Math.max(1, perMs * 1000)), wanted, KEEP_MS];
    const answer = await this.call(queue, 'rate', { script: TAKE_RATE, args });
    const [granted, retryAfterMs] = (answer as unknown[]).map(Number);
    return { granted: granted ?? 0, retryAfterMs: retryAfterMs ?? 0 };
  }

  async setPaused(scope: string, queue: string, isPaused: boolean): Promise<void> {
    await this.call(scope, 'paused', { script: SET_PAUSED, args: [queue, isPaused ? 1 : 0] });
  }

  async pausedQueues(scope: string): Promise<string[]> {
    return ((await this.call(scope, 'paused', { script: PAUSED_QUEUES, args: [] })) as unknown[]).map(String);
  }

  /** The braces choose the slot of a cluster, as elsewhere in the store. */
  private call(
    slot: string,
    what: string,
    call: Pick<Parameters<RedisCaller['call']>[1], 'script' | 'args'>,
  ): Promise<unknown> {
    return this.caller.call(slot, { ...call, keys: [`${this.prefix}:{${slot}}:${what}`] });
  }
}
