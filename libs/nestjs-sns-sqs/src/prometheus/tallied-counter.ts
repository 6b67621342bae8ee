import type { CounterSeries, Labels } from '../metrics/definitions.js';
import { Series } from './series.js';

class Count implements CounterSeries {
  value = 0;
  /** Before it was added to, it is not shown. */
  isShown = false;

  constructor(readonly labels: Labels) {}

  add(value: number): void {
    if (!(value >= 0 && value < Infinity)) return;
    this.value += value;
    this.isShown = true;
  }

  reset(): void {
    this.value = 0;
    this.isShown = false;
  }
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
  private readonly counts = new Series(labels => new Count(labels));

  constructor({ name, help, labelNames }: { name: string; help: string; labelNames: readonly string[] }) {
    this.name = name;
    this.help = help;
    this.labelNames = labelNames;
  }

  of(labels: Labels): CounterSeries {
    return this.counts.of(labels);
  }

  /** As prom-client's metrics have it. */
  get(): Promise<{ name: string; help: string; type: string; aggregator: string; values: Value[] }> {
    const { name, help, type, aggregator } = this;
    const shown = [...this.counts].filter(({ isShown }) => isShown);
    const values = shown.map(({ labels, value }) => ({ value, labels: { ...labels } }));
    return Promise.resolve({ name, help, type, aggregator, values });
  }

  reset(): void {
    this.counts.reset();
  }
}
