interface Running {
  endsAt: number;
  onOver: () => void;
}

/**
 * A limit of time, the same for all that run: they end in the order of their beginning, so one timer is enough, for the
 * oldest. It keeps no process from ending: a handler that heeds no signal must not.
 */
export class TimeLimit {
  private readonly running = new Set<Running>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly ms: number) {}

  /** `onOver` is called once, `ms` from now, unless {@link end} is called with what this gives. */
  begin(onOver: () => void): object {
    const running = { endsAt: performance.now() + this.ms, onOver };
    this.running.add(running);
    if (!this.timer) this.arm(this.ms);
    return running;
  }

  end(running: object): void {
    this.running.delete(running as Running);
    if (this.running.size > 0) return;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private arm(ms: number): void {
    this.timer = setTimeout(() => this.check(), Math.ceil(ms));
    this.timer.unref();
  }

  private check(): void {
    this.timer = undefined;
    const now = performance.now();
    for (const running of this.running) {
      if (running.endsAt > now) return this.arm(running.endsAt - now);
      this.running.delete(running);
      running.onOver();
    }
  }
}
