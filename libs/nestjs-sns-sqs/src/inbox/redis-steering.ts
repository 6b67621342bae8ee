import type { RateGrant, RateOfLimit, SteeringStore } from '../interfaces/steering-store.interface.js';
import type { RedisCaller } from './redis-caller.js';
import { PAUSED_QUEUES, SET_PAUSED, TAKE_RATE, TAKE_TURN } from './redis-steering-scripts.js';
import { bucketRate, LINE_BROKEN_MS, turnRate, type BucketRate } from './turn-bucket.js';

/** A bucket that nobody takes from is full again long before, in milliseconds. */
const KEEP_MS = 86_400_000;

const argsOf = ({ perMs, most }: BucketRate): [string, string] => [String(perMs), String(most)];

/**
 * Shared limits and pauses in Redis: `<prefix>:{<queue>}:rate` is a bucket, `<prefix>:{<queue>}:rate:<key>` the bucket of
 * a key, `<prefix>:{<scope>}:paused` a set of queues.
 */
export class RedisSteering implements SteeringStore {
  constructor(
    private readonly caller: RedisCaller,
    private readonly prefix: string,
  ) {}

  async takeRate(queue: string, wanted: number, limit: RateOfLimit, spent = 0): Promise<RateGrant> {
    const args = [...argsOf(bucketRate(limit)), wanted, KEEP_MS, spent];
    const answer = await this.call(queue, 'rate', { script: TAKE_RATE, args });
    const [granted, retryAfterMs] = (answer as unknown[]).map(Number);
    return { granted: granted ?? 0, retryAfterMs: retryAfterMs ?? 0 };
  }

  async takeTurn(queue: string, key: string, limit: RateOfLimit, hasWaited: boolean): Promise<number> {
    const args = [...argsOf(turnRate(limit)), hasWaited ? 1 : 0, LINE_BROKEN_MS];
    return Number(await this.call(queue, `rate:${key}`, { script: TAKE_TURN, args }));
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
