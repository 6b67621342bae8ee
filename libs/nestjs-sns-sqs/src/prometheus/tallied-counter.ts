import type { Labels } from '../metrics/definitions.js';
import { Series } from './series.js';

interface Count {
  labels: Labels;
  value: number;
}

interface Value {
  labels: Labels;
  value: number;
}

/**
 * A counter that a registry of prom-client's reads like its own, for the same reason as {@link TalliedHistogram}: each
 * message adds to one.
 */
export class TalliedCounter {
  readonly type = 'counter';
  readonly aggregator = 'sum';
  /** A registry with OpenMetrics takes the `_total` away. */
  name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  private readonly counts = new Series<Count>(labels => ({ labels, value: 0 }));

  constructor({ name, help, labelNames }: { name: string; help: string; labelNames: readonly string[] }) {
    this.name = name;
    this.help = help;
    this.labelNames = labelNames;
  }

  /** @param labels must not be changed afterwards */
  inc(labels: Labels, value: number): void {
    if (value >= 0 && value < Infinity) this.counts.of(labels).value += value;
  }

  /** As prom-client's metrics have it. */
  get(): Promise<{ name: string; help: string; type: string; aggregator: string; values: Value[] }> {
    const { name, help, type, aggregator } = this;
    const values = [...this.counts].map(({ labels, value }) => ({ value, labels: { ...labels } }));
    return Promise.resolve({ name, help, type, aggregator, values });
  }

  reset(): void {
    this.counts.reset();
  }
}
