import { setTimeout as pause } from 'node:timers/promises';

/** Where a receive was ended, LocalStack gives its closed poll the next message, which is hidden for a lease of 30 s then. */
const PATIENCE_MS = process.env.AWS_ENDPOINT_URL ? 100_000 : 30_000;
const LOOK_EVERY_MS = 50;

/** Tells the story line by line, and believes only what it has seen. Throws at the next line once `signal` is aborted. */
export class Narrator {
  lines = [];
  #signal;

  constructor(signal) {
    this.#signal = signal;
  }

  say(line) {
    this.#signal.throwIfAborted();
    this.lines.push(line);
    console.log(line);
  }

  chapter(title) {
    if (this.lines.length > 0) this.say('');
    this.say(title);
  }

  /** Says `what` as soon as `condition` gives something truthy, and resolves to that; throws when it never does. */
  async observe(what, condition) {
    const endsAt = Date.now() + PATIENCE_MS;
    let last;
    while (Date.now() < endsAt) {
      this.#signal.throwIfAborted();
      try {
        const seen = await condition();
        if (seen) {
          this.say(`  ✓ ${what}`);
          return seen;
        }
      } catch (error) {
        last = error;
      }
      await pause(LOOK_EVERY_MS);
    }
    throw new Error(`not observed within ${PATIENCE_MS / 1000} s: ${what}${last ? ` (${last.message})` : ''}`);
  }
}
