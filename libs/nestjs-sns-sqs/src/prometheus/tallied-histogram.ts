import type { Labels } from '../metrics/definitions.js';
import { Series } from './series.js';

interface Tally {
  labels: Labels;
  /** Of each bound, and of what is above all: not cumulated. */
  counts: number[];
  sum: number;
}

interface Value {
  metricName: string;
  labels: Record<string, string | number>;
  value: number;
}

export interface TalliedHistogramOptions {
  name: string;
  help: string;
  labelNames: readonly string[];
  /** Ascending. */
  buckets: readonly number[];
}

/**
 * A histogram that a registry of prom-client's reads like its own. prom-client's makes a text of the bound for each value
 * and looks at each label, about 1 µs a value, and a message has five. Here a value is two additions.
 */
export class TalliedHistogram {
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  private readonly tallies: Series<Tally>;

  constructor(private readonly options: TalliedHistogramOptions) {
    this.name = options.name;
    this.help = options.help;
    this.labelNames = options.labelNames;
    const places = options.buckets.length + 1;
    this.tallies = new Series(labels => ({ labels, counts: Array.from({ length: places }, () => 0), sum: 0 }));
  }

  /** @param labels must not be changed afterwards */
  observe(labels: Labels, value: number): void {
    if (!Number.isFinite(value)) return;
    const tally = this.tallies.of(labels);
    const { buckets } = this.options;
    let at = 0;
    while (at < buckets.length && value > (buckets[at] ?? 0)) at += 1;
    tally.counts[at] = (tally.counts[at] ?? 0) + 1;
    tally.sum += value;
  }

  /** As prom-client's metrics have it. */
  get(): Promise<{ name: string; help: string; type: string; aggregator: string; values: Value[] }> {
    const { name, help, type, aggregator } = this;
    const values = [...this.tallies].flatMap(tally => this.valuesOf(tally));
    return Promise.resolve({ name, help, type, aggregator, values });
  }

  reset(): void {
    this.tallies.reset();
  }

  private valuesOf({ labels, counts, sum }: Tally): Value[] {
    const { name } = this;
    let count = 0;
    const buckets = counts.map((more, at) => {
      count += more;
      return {
        metricName: `${name}_bucket`,
        labels: { le: this.options.buckets[at] ?? '+Inf', ...labels },
        value: count,
      };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels: { ...labels }, value: sum },
      { metricName: `${name}_count`, labels: { ...labels }, value: count },
    ];
  }
}
