import type { Call } from '#broker/core/operation.js';

/** A call that the broker answers, now or when it finds something. */
export class WireCall implements Call {
  readonly origin = 'http://local';
  gone: boolean;
  #whenGone: (() => void) | undefined;

  constructor(gone: boolean) {
    this.gone = gone;
  }

  /** It has no answer yet. */
  get waits(): boolean {
    return this.#whenGone !== undefined;
  }

  onGone(fn: () => void): void {
    this.#whenGone = fn;
  }

  onUndelivered(): void {
    // Told on another way, see `noteUnheard`.
  }

  leave(): void {
    this.gone = true;
    this.#whenGone?.();
  }
}
