import { setTimeout as pause } from 'node:timers/promises';

import type { FaultyProxy } from './faulty-proxy.ts';
import type { ServiceSlot } from './fleet.ts';
import type { RestartableBroker } from './restartable-broker.ts';
import type { RestartableRedis } from './restartable-redis.ts';

export interface StormOptions {
  random: () => number;
  /** The networks of all who call SNS and SQS. */
  proxies: FaultyProxy[];
  /** Those of the services. */
  berths: ServiceSlot[];
  broker: RestartableBroker;
  redis: RestartableRedis;
}

/** False: it could not be done now. */
type Fault = () => unknown;

/** How much more often than others. */
type Weighted = [weight: number, fault: Fault];

const EVERY_MS = 1_000;
/** Below the lease of 30 s: a process that is stopped for longer may find its message handled by another. */
const FROZEN_MS = { least: 1_000, more: 7_000 };

/** A clock is set right, or is wrong by minutes or by an hour: so the next step is as long at least, back or forth. */
const CLOCK_OFFSETS_MS = [0, 120_000, -120_000, 600_000, -600_000, 3_600_000, -3_600_000];

/** One fault each second, drawn from a seed: of the network, of SNS and SQS, of Redis, of the processes and their clocks. */
export class Storm {
  /** How often by kind. */
  readonly done: Record<string, number> = {};
  #aborted = false;
  readonly #underWay = new Set<Promise<void>>();
  readonly #random: () => number;
  readonly #kinds: Array<[name: string, Weighted]>;

  constructor({ random, proxies, berths, broker, redis }: StormOptions) {
    this.#random = random;
    const mortal = berths.filter(({ spared }) => !spared);
    const network = (fault: (proxy: FaultyProxy) => unknown): Weighted => [2, () => fault(this.#oneOf(proxies))];
    const process = (weight: number, fault: (berth: ServiceSlot) => unknown): Weighted => [
      weight,
      () => fault(this.#oneOf(mortal)),
    ];
    this.#kinds = Object.entries<Weighted>({
      refused: network(proxy => proxy.refuse(500 + random() * 1_500)),
      'reset in mid-body': network(proxy => proxy.reset(1_000)),
      503: network(proxy => proxy.unavailable(1_500)),
      'slow link': network(proxy => proxy.slow(2_000)),
      'stall of 5 s': network(proxy => proxy.stall(5_000)),
      'half-open': network(proxy => proxy.halfOpen()),
      'broker restarted': [1, () => broker.restart(300 + random() * 1_000)],
      throttled: [1, () => broker.misbehave({ effect: { kind: 'throttle' }, rate: 0.5 }, 2_000)],
      'replies lost': [1, () => broker.misbehave({ effect: { kind: 'reset', when: 'after' }, rate: 0.2 }, 2_000)],
      'half-failed batches': [1, () => broker.misbehave({ effect: { kind: 'half-batch' }, rate: 0.5 }, 2_000)],
      'deletes that do nothing': [
        1,
        () => broker.misbehave({ effect: { kind: 'stale-delete' }, operation: /Delete/, rate: 0.3 }, 1_000),
      ],
      'delivered twice': [
        1,
        () => broker.misbehave({ effect: { kind: 'duplicate' }, operation: 'sqs.ReceiveMessage', rate: 0.3 }, 2_000),
      ],
      disorder: [1, () => broker.misbehave({ effect: { kind: 'reorder' }, operation: 'sqs.ReceiveMessage' }, 2_000)],
      'kill -9': process(2, berth => berth.kill()),
      SIGTERM: process(1, berth => berth.terminate()),
      'SIGSTOP and SIGCONT': [2, () => this.#oneOf(berths).freeze(FROZEN_MS.least + random() * FROZEN_MS.more)],
      'clock set': [3, () => this.#setClock(this.#oneOf(berths))],
      'redis away': [1, () => redis.restart(500 + random() * 2_500)],
    });
  }

  get total(): number {
    return Object.values(this.done).reduce((sum, count) => sum + count, 0);
  }

  /** Resolves once it has been told to end, and all has been put right. */
  async run(): Promise<void> {
    while (!this.#aborted) {
      this.#strike();
      await pause(EVERY_MS);
    }
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  end(): void {
    this.#aborted = true;
  }

  #strike(): void {
    const weights = this.#kinds.reduce((sum, [, [weight]]) => sum + weight, 0);
    let at = this.#random() * weights;
    const kind = this.#kinds.find(([, [weight]]) => (at -= weight) < 0);
    if (!kind) return;
    const [name, [, fault]] = kind;
    const ended = Promise.resolve(fault())
      .then(struck => {
        if (struck !== false) this.done[name] = (this.done[name] ?? 0) + 1;
      })
      .finally(() => this.#underWay.delete(ended));
    this.#underWay.add(ended);
  }

  #setClock(berth: ServiceSlot): void {
    berth.setClock(this.#oneOf(CLOCK_OFFSETS_MS.filter(offset => offset !== berth.clockOffsetMs)));
  }

  #oneOf<T>(list: T[]): T {
    const one = list[Math.floor(this.#random() * list.length)];
    if (one === undefined) throw new Error('nothing to choose from');
    return one;
  }
}
