import { monotonicNow } from './clock.js';

export interface ClockWatchOptions {
  /** Milliseconds of the monotonic clock. @default performance.now */
  now?: () => number;
  /** Milliseconds of the wall clock. @default Date.now */
  wallNow?: () => number;
}

const TICK_MS = 250;
/** A tick that is so much late shows that the event loop stood still. */
const STALL_MS = 100;
/** The wall clock is ahead by so much more than it was: it was set, or the machine was suspended. */
const JUMP_MS = 2_000;

/**
 * Looks at the process's own time: whether the event loop stood still, and whether the machine may have been suspended.
 * Linux's monotonic clock stands still meanwhile, so that only the wall clock tells; one that was set forward looks the
 * same, one that was set back means nothing. One timer for all who watch, which keeps no process from ending.
 */
export class ClockWatch {
  private readonly now: () => number;
  private readonly wallNow: () => number;
  private readonly watching = new Set<() => void>();
  private timer: NodeJS.Timeout | undefined;
  /** Of the last two ticks. */
  private tickAt = 0;
  private tickBefore = 0;
  private wasLate = false;
  /** How far the wall clock was ahead of the monotonic one when last looked at. */
  private ahead = 0;
  private jumpedAt = -Infinity;

  constructor(options: ClockWatchOptions = {}) {
    this.now = options.now ?? monotonicNow;
    this.wallNow = options.wallNow ?? Date.now;
  }

  /** Calls `onJump` each time the wall clock has run ahead, until the function that is returned is called. */
  watch(onJump: () => void): () => void {
    this.watching.add(onJump);
    if (!this.timer) this.start();
    return () => {
      this.watching.delete(onJump);
      if (this.watching.size > 0) return;
      clearInterval(this.timer);
      this.timer = undefined;
    };
  }

  /** Looks now, not only at the next tick: for what must not happen after a suspension. */
  check(): void {
    if (!this.timer) return;
    const ahead = this.wallNow() - this.now();
    const hasJumped = ahead - this.ahead > JUMP_MS;
    this.ahead = ahead;
    if (!hasJumped) return;
    this.jumpedAt = this.now();
    for (const onJump of this.watching) onJump();
  }

  /** Whether the wall clock has run ahead since `time` of the monotonic clock. */
  hasJumpedSince(time: number): boolean {
    this.check();
    return this.jumpedAt >= time;
  }

  /**
   * When at the earliest came what the event loop reads at `now`, in milliseconds: `now`, or a moment before the loop
   * stood still. Everything that had come by the tick before the last was read by the last.
   */
  arrivalOf(now: number): number {
    if (!this.timer) return now;
    const isLate = this.wasLate || now - this.tickAt > TICK_MS + STALL_MS;
    return isLate ? Math.min(now, this.tickBefore) : now;
  }

  private start(): void {
    this.tickAt = this.tickBefore = this.now();
    this.wasLate = false;
    this.jumpedAt = -Infinity;
    this.ahead = this.wallNow() - this.tickAt;
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.timer.unref();
  }

  private tick(): void {
    const now = this.now();
    this.wasLate = now - this.tickAt > TICK_MS + STALL_MS;
    this.tickBefore = this.tickAt;
    this.tickAt = now;
    this.check();
  }
}

/** The process's own. */
export const processWatch = new ClockWatch();
