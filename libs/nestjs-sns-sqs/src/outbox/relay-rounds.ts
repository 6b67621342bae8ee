import { monotonicNow } from '../async/clock.js';
import type { RelayRound } from './relay-round.js';

/** Claims under way at one time: while one is sent, the next is read. */
const MAX_ROUNDS = 3;
/** A round whose sends take longer has a destination that does not answer, in milliseconds. */
const SLOW_MS = 2_000;

interface Running {
  work: Promise<void>;
  since: number;
  /** The destination that has the round for itself, since it is slow or held up. */
  aloneFor: string | undefined;
}

export interface Claim {
  destinations: string[];
  aloneFor: string | undefined;
}

/**
 * The rounds of a relay that are under way. A round ends with its last send, so a destination that does not answer has
 * rounds of its own: it holds up no other one.
 */
export class RelayRounds {
  private readonly running = new Map<RelayRound, Running>();

  /** @param work resolves when the round is settled; never rejects. @param onFree the relay was waiting for it */
  add(round: RelayRound, work: Promise<void>, aloneFor: string | undefined, onFree: () => void): void {
    const ended = work.then(() => {
      const isMany = this.running.size >= MAX_ROUNDS;
      this.running.delete(round);
      if (isMany) onFree();
    });
    this.running.set(round, { work: ended, since: monotonicNow(), aloneFor });
  }

  async ended(): Promise<void> {
    await Promise.all([...this.running.values()].map(({ work }) => work));
  }

  /** The claims that may be made now. */
  claims(destinations: readonly string[], isHeldUp: (destination: string) => boolean): Claim[] {
    const until = monotonicNow() - SLOW_MS;
    const slow = new Set<string>();
    const rounds = new Map<string, number>();
    let together = 0;
    for (const [round, { since, aloneFor }] of this.running) {
      const waitedFor = round.waitedFor();
      const isSlow = since < until && waitedFor.length > 0;
      if (!isSlow && aloneFor === undefined) together += 1;
      for (const destination of aloneFor === undefined ? waitedFor : [aloneFor]) {
        rounds.set(destination, (rounds.get(destination) ?? 0) + 1);
        if (isSlow) slow.add(destination);
      }
    }
    const free = destinations.filter(each => (rounds.get(each) ?? 0) < MAX_ROUNDS);
    const alone = free.filter(each => slow.has(each) || isHeldUp(each));
    const others = free.filter(each => !alone.includes(each));
    const claims: Claim[] = alone.map(each => ({ destinations: [each], aloneFor: each }));
    if (others.length > 0 && together < MAX_ROUNDS) claims.unshift({ destinations: others, aloneFor: undefined });
    return claims;
  }
}
