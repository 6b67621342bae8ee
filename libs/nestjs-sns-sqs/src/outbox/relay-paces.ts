import { RelayPace } from './relay-pace.js';

/** The paces of a relay's destinations. */
export class RelayPaces {
  private readonly paces = new Map<string, RelayPace>();

  constructor(
    private readonly maxRows: number,
    private readonly random: () => number,
  ) {}

  of(destination: string): RelayPace {
    const known = this.paces.get(destination);
    if (known) return known;
    const pace = new RelayPace(this.maxRows, this.random);
    this.paces.set(destination, pace);
    return pace;
  }

  forget(destination: string): void {
    this.paces.delete(destination);
  }

  /** Those that may be sent to now. */
  ready(destinations: readonly string[]): string[] {
    return destinations.filter(destination => this.of(destination).pauseMs === 0);
  }

  /** Rows of one claim for all of these. */
  limitOf(destinations: readonly string[]): number {
    return Math.min(...destinations.map(destination => this.of(destination).limit));
  }

  /** In milliseconds: until a destination may be sent to again. */
  untilDue(): number {
    const pauses = [...this.paces.values()].map(({ pauseMs }) => pauseMs).filter(ms => ms > 0);
    return Math.min(Infinity, ...pauses);
  }
}
