const away = () => Object.assign(new Error('injected: the store does not answer'), { code: 'ECONNREFUSED' });
const forever = () => new Promise(() => undefined);

/** A process's way to an inbox that all share, with what may go wrong in between, and outages. */
export class FaultyStore {
  isShared = true;
  cut = false;
  injected = 0;

  /**
   * @param memory the one store of all processes
   * @param simulation `storeIsAway` while it does; told by `noteDone` of what the store has marked, and by
   * `noteStoreFault` of each call that failed
   */
  constructor(memory, random, faults, simulation) {
    this.memory = memory;
    this.random = random;
    this.faults = faults;
    this.simulation = simulation;
  }

  claim(...args) {
    return this.#call('claim', args);
  }

  renew(...args) {
    return this.#call('renew', args);
  }

  async done(claim, done) {
    return this.#call('done', [claim, done], isDone => isDone && this.simulation.noteDone(claim, done));
  }

  release(...args) {
    return this.#call('release', args);
  }

  ping() {
    return this.#call('ping', []);
  }

  async #call(name, args, effect) {
    await this.#latency();
    if (this.simulation.storeIsAway || this.#strikes('storeError')) return this.#fail(args);
    const result = this.memory[name](...args);
    effect?.(result);
    if (this.#strikes('storeLost')) return this.#fail(args);
    await this.#latency();
    return result;
  }

  #fail(args) {
    this.simulation.noteStoreFault(args[0]);
    throw away();
  }

  #strikes(kind) {
    if (this.random() >= (this.faults[kind] ?? 0)) return false;
    this.injected += 1;
    return true;
  }

  async #latency() {
    await new Promise(resolve => setTimeout(resolve, 1 + this.random() * 4));
    if (this.cut) await forever();
  }
}
