import { monotonicNow } from '../../async/clock.js';
import { thrownText } from '../../errors/thrown.js';
import { silenced } from '../../events/user-code.js';
import type { CircuitBreakerOptions } from '../../interfaces/steering-options.interface.js';

/** Who receives, as the breaker sees it. */
export interface Circuit {
  /** Nothing more may be received; what was not started goes back. */
  onOpen(reason: string, pauseSeconds: number): void;
  /** One message may be tried. */
  onTrial(): void;
  /** Everything is as before. */
  onClose(): void;
}

/** A message, as the breaker sees it. */
export interface Received {
  /** By the monotonic clock, in milliseconds; not after it was handed out. */
  readonly receivedAt: number;
}

/** After each trial that fails the pause is twice as long, up to so many times `pauseSeconds`. */
const LONGEST_PAUSE = 8;

/**
 * Opens when too many of a queue's latest results are failures: nothing is received for a while, then one message is
 * tried, which closes it again or makes it wait longer. What fails while it is open, the failure that opens it and each
 * trial among them, costs no attempt. Messages that were received before a trial decide nothing of it: their handlers
 * may run for long, or never end.
 */
export class CircuitBreaker {
  private state: 'closed' | 'open' | 'trial' = 'closed';
  /** The latest results, true for a failure; a ring. */
  private readonly results: boolean[] = [];
  private next = 0;
  private failed = 0;
  private pause: number;
  private endsAt = 0;
  private triedSince = 0;
  private timer: NodeJS.Timeout | undefined;
  private why: string | undefined;
  private isStopped = false;
  private readonly now: () => number;

  constructor(
    private readonly rules: CircuitBreakerOptions,
    private readonly circuit: Circuit,
    now?: () => number,
  ) {
    this.now = now ?? monotonicNow;
    this.pause = rules.pauseSeconds;
  }

  /**
   * Messages that may be received, as far as the breaker is concerned.
   * @param inWork those that are in work or wait for it
   */
  roomFor(inWork: Iterable<Received>): number {
    if (this.state === 'closed') return Infinity;
    if (this.state === 'open') return 0;
    for (const message of inWork) if (this.isTried(message)) return 0;
    return 1;
  }

  /** Why it is not closed; undefined: it is. */
  get reason(): string | undefined {
    return this.state === 'closed' ? undefined : this.why;
  }

  noteSuccess(message: Received): void {
    if (this.state === 'closed') this.note(false);
    // One that was received before says little of now.
    else if (this.isTried(message)) this.close();
  }

  /** Seconds after which the message comes again at no cost; undefined: the failure counts as any other. */
  noteFailure(error: unknown, message: Received): number | undefined {
    if (this.isStopped || !this.counts(error)) return undefined;
    switch (this.state) {
      case 'closed': {
        this.note(true);
        const { of, failures } = this.rules;
        if (this.results.length < of || this.failed < failures * of) return undefined;
        this.open(`${this.failed} of the last ${of} attempts failed, the last one: ${thrownText(error)}`);
        break;
      }
      case 'trial':
        if (!this.isTried(message)) break;
        this.pause = Math.min(this.pause * 2, this.rules.pauseSeconds * LONGEST_PAUSE);
        this.open(`the message that was tried failed: ${thrownText(error)}`);
        break;
      case 'open':
        break;
      default:
        return this.state satisfies never;
    }
    return Math.max(1, Math.ceil((this.endsAt - this.now()) / 1000));
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  private open(why: string): void {
    this.state = 'open';
    this.why = why;
    this.endsAt = this.now() + this.pause * 1000;
    this.timer = setTimeout(() => this.tryOne(), this.pause * 1000);
    this.circuit.onOpen(why, this.pause);
  }

  private tryOne(): void {
    this.state = 'trial';
    this.triedSince = this.now();
    this.circuit.onTrial();
  }

  private close(): void {
    this.state = 'closed';
    this.why = undefined;
    this.pause = this.rules.pauseSeconds;
    this.results.length = 0;
    this.next = 0;
    this.failed = 0;
    this.circuit.onClose();
  }

  private isTried({ receivedAt }: Received): boolean {
    return this.state === 'trial' && receivedAt >= this.triedSince;
  }

  private note(isFailure: boolean): void {
    if (this.results[this.next]) this.failed -= 1;
    if (isFailure) this.failed += 1;
    this.results[this.next] = isFailure;
    this.next = (this.next + 1) % this.rules.of;
  }

  /** The user's own function: when in doubt a failure counts. */
  private counts(error: unknown): boolean {
    const { isFailure } = this.rules;
    try {
      return !isFailure || silenced<unknown>(isFailure(error)) !== false;
    } catch {
      return true;
    }
  }
}
