import type { HistogramSeries, Labels } from '../metrics/definitions.js';
import { Series } from './series.js';

class Tally implements HistogramSeries {
  /** Of each bound, and of what is above all: not cumulated. */
  readonly counts: Float64Array;
  sum = 0;
  /** Before it has a value, it is not shown. */
  isShown = false;

  constructor(
    readonly labels: Labels,
    private readonly bounds: Float64Array,
  ) {
    this.counts = new Float64Array(bounds.length + 1);
  }

  record(value: number): void {
    if (!Number.isFinite(value)) return;
    const { bounds, counts } = this;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] ?? 0)) at += 1;
    counts[at] = (counts[at] ?? 0) + 1;
    this.sum += value;
    this.isShown = true;
  }

  reset(): void {
    this.counts.fill(0);
    this.sum = 0;
    this.isShown = false;
  }
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
    const bounds = Float64Array.from(options.buckets);
    this.tallies = new Series(labels => new Tally(labels, bounds));
  }

  of(labels: Labels): HistogramSeries {
    return this.tallies.of(labels);
  }

  /** As prom-client's metrics have it. */
  get(): Promise<{ name: string; help: string; type: string; aggregator: string; values: Value[] }> {
    const { name, help, type, aggregator } = this;
    const shown = [...this.tallies].filter(({ isShown }) => isShown);
    const values = shown.flatMap(tally => this.valuesOf(tally));
    return Promise.resolve({ name, help, type, aggregator, values });
  }

  reset(): void {
    this.tallies.reset();
  }

  private valuesOf({ labels, counts, sum }: Tally): Value[] {
    const { name } = this;
    let count = 0;
    const buckets = Array.from(counts, (more, at) => {
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
