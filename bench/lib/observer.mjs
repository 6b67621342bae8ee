import { now, sleep } from './clock.mjs';

const DURATIONS = {
  even: () => 50,
  short: () => 20,
  tail: n => (n % 20 === 0 ? 1_000 : 20),
  insert: () => 5,
  jitter: n => 1 + ((n * 7) % 9),
};

/** By its name a contestant knows that no retry helps. */
class Refused extends Error {
  name = 'Refused';
}

/** The handler that every contestant runs, and what it has seen. */
export class Observer {
  handled = 0;
  inversions = 0;
  parallelGroups = 0;
  latencies = [];
  #groups = new Map();
  #running = 0;
  #wanted = [];

  constructor(kind) {
    this.kind = kind;
    const duration = DURATIONS[kind];
    this.handle =
      kind === 'jitter'
        ? data => this.#inGroup(data, duration)
        : duration
          ? data => this.#work(data, duration(data.n))
          : data => this.#begin(data, kind === 'refused');
    this.handleAll = batch => {
      for (const data of batch) this.#begin(data);
      return sleep(duration(0));
    };
  }

  /** Resolves when so many have been begun. */
  until(count) {
    if (this.handled >= count) return Promise.resolve();
    return new Promise(resolve => this.#wanted.push({ count, resolve }));
  }

  #begin(data, isRefused = false) {
    this.latencies.push(now() - data.at);
    this.handled += 1;
    if (this.#wanted.length > 0 && this.handled >= this.#wanted[0].count) this.#wanted.shift().resolve();
    if (isRefused) throw new Refused('it is always refused');
  }

  #work(data, ms) {
    this.#begin(data);
    return sleep(ms);
  }

  /** An inversion: a message begins while another of its group runs, or after a later one. */
  async #inGroup(data, duration) {
    this.#begin(data);
    const group = this.#groups.get(data.group) ?? { running: 0, latest: -1 };
    this.#groups.set(data.group, group);
    if (group.running > 0 || data.position < group.latest) this.inversions += 1;
    group.latest = Math.max(group.latest, data.position);
    if (group.running === 0) this.#running += 1;
    this.parallelGroups = Math.max(this.parallelGroups, this.#running);
    group.running += 1;
    await sleep(duration(data.n));
    group.running -= 1;
    if (group.running === 0) this.#running -= 1;
  }
}
