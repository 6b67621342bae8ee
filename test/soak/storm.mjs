import { setTimeout as pause } from 'node:timers/promises';

const EVERY_MS = 1_000;
/** Below the lease of 30 s: a process that is stopped for longer may find its message handled by another. */
const FROZEN_MS = { least: 1_000, more: 7_000 };

/** One fault each second, drawn from a seed: of the network, of SNS and SQS, of Redis, of the processes. */
export class Storm {
  /** How often by kind. */
  done = {};
  #aborted = false;
  #underWay = new Set();

  /** @param proxies the networks of all who call SNS and SQS; `berths` of those the services */
  constructor({ random, proxies, berths, broker, redis }) {
    this.random = random;
    const mortal = berths.filter(({ spared }) => !spared);
    const network = fault => [2, () => fault(this.#oneOf(proxies))];
    const process = (weight, fault) => [weight, () => fault(this.#oneOf(mortal))];
    this.kinds = Object.entries({
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
      'redis away': [1, () => redis.restart(500 + random() * 2_500)],
    });
  }

  get total() {
    return Object.values(this.done).reduce((sum, count) => sum + count, 0);
  }

  /** Resolves once it has been told to end, and all has been put right. */
  async run() {
    while (!this.#aborted) {
      this.#strike();
      await pause(EVERY_MS);
    }
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  end() {
    this.#aborted = true;
  }

  #strike() {
    const weights = this.kinds.reduce((sum, [, [weight]]) => sum + weight, 0);
    let at = this.random() * weights;
    const [name, [, fault]] = this.kinds.find(([, [weight]]) => (at -= weight) < 0);
    const ended = Promise.resolve(fault())
      .then(struck => {
        if (struck !== false) this.done[name] = (this.done[name] ?? 0) + 1;
      })
      .finally(() => this.#underWay.delete(ended));
    this.#underWay.add(ended);
  }

  #oneOf(list) {
    return list[Math.floor(this.random() * list.length)];
  }
}
