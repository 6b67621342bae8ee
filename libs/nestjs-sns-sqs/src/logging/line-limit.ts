import { monotonicNow } from '../async/clock.js';

/** In milliseconds. */
const WINDOW_MS = 60_000;
const LINES = 5;

interface Kind {
  since: number;
  lines: number;
  leftOut: number;
}

/**
 * Lets five lines of a kind through in a minute, and counts the others. Where AWS refuses a kind of call for hours there
 * is a line for each message, and the log would have millions.
 */
export class LineLimit {
  private readonly kinds = new Map<string, Kind>();

  constructor(
    private readonly write: (text: string, ...more: unknown[]) => void,
    private readonly now: () => number = monotonicNow,
  ) {}

  /** @param kind what fails and why, without what differs from message to message */
  tell(kind: string, text: string, ...more: unknown[]): void {
    const { leftOut, line } = this.count(kind);
    if (line > LINES) return;
    const before = leftOut > 0 ? ` (${leftOut} such lines were left out before)` : '';
    const after = line === LINES ? '. Further lines of this kind are left out until a minute is over' : '';
    this.write(`${text}${before}${after}`, ...more);
  }

  /** Which line of its minute it is, from 1, and of the first one how many were left out before. */
  private count(kind: string): { line: number; leftOut: number } {
    const now = this.now();
    const known = this.kinds.get(kind);
    if (known && now - known.since < WINDOW_MS) {
      known.lines += 1;
      if (known.lines > LINES) known.leftOut += 1;
      return { line: known.lines, leftOut: 0 };
    }
    // Kinds that have passed are not kept for ever; what they left out is told by their next line, or not at all.
    for (const [each, { since, leftOut }] of this.kinds)
      if (now - since >= WINDOW_MS && (leftOut === 0 || this.kinds.size > 100)) this.kinds.delete(each);
    this.kinds.set(kind, { since: now, lines: 1, leftOut: 0 });
    return { line: 1, leftOut: known?.leftOut ?? 0 };
  }
}
