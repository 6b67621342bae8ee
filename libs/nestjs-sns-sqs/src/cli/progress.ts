import type { CliIo } from './io.js';

const WIDTH = 30;

/** A bar on a terminal; nothing where nobody looks. */
export class Progress {
  private isShown = false;

  constructor(
    private readonly io: Pick<CliIo, 'stderr' | 'isInteractive'>,
    private readonly what: string,
  ) {}

  show(done: number, total: number): void {
    if (!this.io.isInteractive) return;
    const share = total > 0 ? Math.min(1, done / total) : 1;
    const bar = '#'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '.');
    this.io.stderr(`\r${this.what} [${bar}] ${done} of ${Math.max(done, total)}`);
    this.isShown = true;
  }

  end(): void {
    if (this.isShown) this.io.stderr('\n');
    this.isShown = false;
  }
}
