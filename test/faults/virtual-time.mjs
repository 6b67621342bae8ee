/** The runtime's own, before virtual time stands in for them. */
const real = { setImmediate: globalThis.setImmediate };

/** The earliest first; of those at one time the one set first. */
const before = (a, b) => a.at < b.at || (a.at === b.at && a.order < b.order);

/**
 * Stands in for timers and clocks of the process: time moves from one timer to the next, and everything that follows
 * from one has happened before the next is due.
 */
export class VirtualTime {
  now = Date.UTC(2026, 0, 1);
  #heap = [];
  #order = 0;
  #originals;

  install() {
    const names = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate'];
    this.#originals = Object.fromEntries(names.map(name => [name, globalThis[name]]));
    this.#originals.dateNow = Date.now;
    this.#originals.performanceNow = performance.now.bind(performance);
    const clear = timer => {
      if (timer) timer.cancelled = true;
    };
    globalThis.setTimeout = (fn, ms = 0, ...args) => this.#add(fn, Math.max(1, ms), args);
    globalThis.setInterval = (fn, ms = 0, ...args) => this.#add(fn, Math.max(1, ms), args, Math.max(1, ms));
    globalThis.setImmediate = (fn, ...args) => this.#add(fn, 0, args);
    globalThis.clearTimeout = globalThis.clearInterval = globalThis.clearImmediate = clear;
    Date.now = () => this.now;
    performance.now = () => this.now;
  }

  uninstall() {
    const { dateNow, performanceNow, ...timers } = this.#originals;
    Object.assign(globalThis, timers);
    Date.now = dateNow;
    performance.now = performanceNow;
  }

  /** The broker's source of time. */
  get clock() {
    return {
      now: () => this.now,
      setTimer: (at, fn) => {
        const timer = this.#add(fn, Math.max(0, at - this.now), [], undefined, true);
        return { cancel: () => void (timer.cancelled = true) };
      },
    };
  }

  /** Timers that are not the broker's. */
  get pending() {
    return this.#heap.filter(({ cancelled, background }) => !cancelled && !background).length;
  }

  /** Moves time until `done()`, or by `ms` at most. */
  async run(ms, done = () => false) {
    const end = this.now + ms;
    await settled();
    while (!done()) {
      const timer = this.#pop();
      if (!timer || timer.at > end) {
        if (timer) this.#push(timer);
        this.now = Math.max(this.now, end);
        return;
      }
      this.now = Math.max(this.now, timer.at);
      if (timer.every !== undefined)
        this.#push(Object.assign(timer, { at: this.now + timer.every, order: this.#order++ }));
      timer.fn(...timer.args);
      await settled();
    }
  }

  #add(fn, ms, args, every, background = false) {
    const timer = { fn, args, every, background, at: this.now + ms, order: this.#order++, cancelled: false };
    timer.unref = timer.ref = () => timer;
    timer.hasRef = () => true;
    this.#push(timer);
    return timer;
  }

  #push(timer) {
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(heap[at], heap[parent])) break;
      [heap[at], heap[parent]] = [heap[parent], heap[at]];
      at = parent;
    }
  }

  /** Undefined when nothing is left. */
  #pop() {
    const heap = this.#heap;
    while (heap.length > 0) {
      const top = heap[0];
      const last = heap.pop();
      if (heap.length > 0 && last !== undefined) {
        heap[0] = last;
        this.#sink();
      }
      if (!top.cancelled) return top;
    }
    return undefined;
  }

  #sink() {
    const heap = this.#heap;
    for (let at = 0; ;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && before(heap[child], heap[least])) least = child;
      }
      if (least === at) return;
      [heap[at], heap[least]] = [heap[least], heap[at]];
      at = least;
    }
  }
}

/** All promises that can go on have gone on. */
const settled = () => new Promise(resolve => void real.setImmediate(resolve));
