import type { Clock } from '#broker/core/clock.js';

/** The runtime's own, before virtual time stands in for them. */
const real = { setImmediate: globalThis.setImmediate };

/** Between two turns of the event loop. */
const STEPS_PER_TURN = 1_000;

type Work = (...args: unknown[]) => void;

const NO_WORK: Work = () => undefined;
const NO_ARGS: readonly unknown[] = [];

class Timer {
  cancelled = false;
  fn: Work;
  args: readonly unknown[];
  readonly every: number | undefined;
  /** The broker's. */
  readonly background: boolean;
  at: number;
  order: number;

  constructor(fn: Work, args: readonly unknown[], at: number, order: number, every?: number, background = false) {
    this.fn = fn;
    this.args = args;
    this.at = at;
    this.order = order;
    this.every = every;
    this.background = background;
  }

  /** It stays where it is until its time; what it would have done is let go at once. */
  cancel(): void {
    this.cancelled = true;
    this.fn = NO_WORK;
    this.args = NO_ARGS;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }
}

/** The earliest first; of those at one time the one set first. */
const before = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

const NAMES = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate'] as const;

/**
 * Stands in for timers and clocks of the process: time moves from one timer to the next, and everything that follows
 * from one has happened before the next is due. The process's clocks can go wrong; the broker's never does.
 */
export class VirtualTime {
  /** The broker's, in milliseconds since the epoch. */
  now = Date.UTC(2026, 0, 1);
  /** How far the wall clock has been set forward, in milliseconds. */
  #wallAhead = 0;
  /** When the machine was suspended, and for how long: its monotonic clock stood still. */
  readonly #sleeps: Array<{ from: number; ms: number }> = [];
  #heap: Timer[] = [];
  #order = 0;
  #restore: (() => void) | undefined;

  install(): void {
    const timers = Object.fromEntries(NAMES.map(name => [name, globalThis[name]]));
    const { now: dateNow } = Date;
    const performanceNow = performance.now.bind(performance);
    // Names first: V8 keeps a function that is written into a property until a full collection, and all timers with it.
    const restore = (): void => {
      Object.assign(globalThis, timers);
      Date.now = dateNow;
      performance.now = performanceNow;
    };
    const wallNow = (): number => this.now + this.#wallAhead;
    const monotonicNow = (): number => (this.#sleeps.length === 0 ? this.now : this.now - this.#sleptMs);
    this.#restore = restore;
    const clear = (timer: Timer | undefined): void => timer?.cancel();
    Object.assign(globalThis, {
      setTimeout: (fn: Work, ms = 0, ...args: unknown[]) => this.#add(fn, Math.max(1, ms), args),
      setInterval: (fn: Work, ms = 0, ...args: unknown[]) => this.#add(fn, Math.max(1, ms), args, Math.max(1, ms)),
      setImmediate: (fn: Work, ...args: unknown[]) => this.#add(fn, 0, args),
      clearTimeout: clear,
      clearInterval: clear,
      clearImmediate: clear,
    });
    Date.now = wallNow;
    performance.now = monotonicNow;
  }

  uninstall(): void {
    this.#restore?.();
    this.#restore = undefined;
  }

  /** Sets the wall clock forward or, where negative, back. */
  step(ms: number): void {
    this.#wallAhead += ms;
  }

  /** The machine sleeps for `ms`, of which its timers and its monotonic clock know nothing. */
  suspend(ms: number): void {
    this.#sleeps.push({ from: this.now, ms });
    const timers = this.#heap;
    this.#heap = [];
    for (const timer of timers) {
      if (!timer.background) timer.at += ms;
      this.#push(timer);
    }
  }

  get #sleptMs(): number {
    let ms = 0;
    for (const sleep of this.#sleeps) ms += Math.min(sleep.ms, this.now - sleep.from);
    return ms;
  }

  /** Until the machine wakes. */
  get #asleepForMs(): number {
    let ms = 0;
    for (const sleep of this.#sleeps) ms = Math.max(ms, sleep.from + sleep.ms - this.now);
    return ms;
  }

  /** The broker's source of time. */
  get clock(): Clock {
    return {
      now: () => this.now,
      setTimer: (at, fn) => {
        const timer = this.#add(fn, Math.max(0, at - this.now), [], undefined, true);
        return { cancel: () => timer.cancel() };
      },
    };
  }

  /** Timers that are not the broker's. */
  get timers(): string[] {
    return this.#heap
      .filter(({ cancelled, background }) => !cancelled && !background)
      .map(({ fn, at }) => `${String(fn).slice(0, 200)} in ${at - this.now}`);
  }

  get pending(): number {
    return this.#heap.filter(({ cancelled, background }) => !cancelled && !background).length;
  }

  /** Moves time until `done()`, or by `ms` at most. */
  run(ms: number, done: () => boolean = () => false): Promise<void> {
    const end = Math.ceil(this.now + ms);
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        try {
          if (this.#advance(end, done)) resolve();
          else real.setImmediate(turn);
        } catch (error) {
          reject(error);
        }
      };
      // Whatever was begun goes on first.
      real.setImmediate(turn);
    });
  }

  /** So many steps that the event loop turns at times. True: it is over. */
  #advance(end: number, done: () => boolean): boolean {
    for (let steps = 0; steps < STEPS_PER_TURN; steps += 1) {
      if (done()) return true;
      const timer = this.#pop();
      if (!timer || timer.at > end) {
        if (timer) this.#push(timer);
        this.now = Math.max(this.now, end);
        return true;
      }
      this.now = Math.max(this.now, timer.at);
      if (timer.every !== undefined) {
        timer.at = this.now + Math.ceil(timer.every);
        timer.order = this.#order++;
        this.#push(timer);
      }
      timer.fn(...timer.args);
      settle();
    }
    return false;
  }

  #add(fn: Work, ms: number, args: readonly unknown[], every?: number, background = false): Timer {
    // Whole, as Node counts them: a stamp of SQS with a fraction is none. A machine that sleeps counts from when it wakes.
    const at = this.now + Math.ceil(ms) + (background ? 0 : this.#asleepForMs);
    const timer = new Timer(fn, args, at, this.#order++, every, background);
    this.#push(timer);
    return timer;
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const place = (at - 1) >> 1;
      const parent = heap[place];
      if (!parent || !before(timer, parent)) break;
      heap[at] = parent;
      at = place;
    }
    heap[at] = timer;
  }

  /** Undefined when nothing is left. */
  #pop(): Timer | undefined {
    const heap = this.#heap;
    for (;;) {
      const [top] = heap;
      const last = heap.pop();
      if (!top || !last) return undefined;
      if (heap.length > 0) this.#sink(last);
      if (!top.cancelled) return top;
    }
  }

  /** Puts it in the place of the top, or where it belongs below. */
  #sink(timer: Timer): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let least = 2 * at + 1;
      let child = heap[least];
      const other = heap[least + 1];
      if (child && other && before(other, child)) {
        least += 1;
        child = other;
      }
      if (!child || !before(child, timer)) break;
      heap[at] = child;
      at = least;
    }
    heap[at] = timer;
  }
}

/**
 * All promises that can go on have gone on, and `process.nextTick` too: what Node does between two callbacks of its event
 * loop, without a turn of the loop, which takes as long as all that a step does. Does nothing inside a promise's callback.
 */
const settle: () => void = (process as unknown as { _tickCallback: () => void })._tickCallback.bind(process);
