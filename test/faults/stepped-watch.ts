import type { ClockWatch } from '#lib/async/clock-watch.js';

/** The wall clock is ahead by so much more than it was: it was set, or the machine was suspended. */
const JUMP_MS = 2_000;

/**
 * What the library's ClockWatch is to a process, without its four ticks a second, which would make a schedule of hours
 * slow: it looks when it is told to, which is after each step of a clock.
 */
export class SteppedWatch implements Pick<ClockWatch, 'watch' | 'check' | 'hasJumpedSince' | 'arrivalOf'> {
  readonly #watching = new Set<() => void>();
  #ahead = Date.now() - performance.now();
  #jumpedAt = -Infinity;

  watch(onJump: () => void): () => void {
    this.#watching.add(onJump);
    return () => void this.#watching.delete(onJump);
  }

  check(): void {
    const ahead = Date.now() - performance.now();
    const hasJumped = ahead - this.#ahead > JUMP_MS;
    this.#ahead = ahead;
    if (!hasJumped) return;
    this.#jumpedAt = performance.now();
    for (const onJump of this.#watching) onJump();
  }

  hasJumpedSince(time: number): boolean {
    this.check();
    return this.#jumpedAt >= time;
  }

  arrivalOf(now: number): number {
    return now;
  }
}
