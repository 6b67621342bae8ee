import type { Labels } from '../metrics/definitions.js';

/** What is counted for each set of labels: equal ones have one series, in whatever order they name their labels. */
export class Series<T extends { reset(): void }> implements Iterable<T> {
  private readonly byText = new Map<string, T>();

  /** @param make the series of labels that are new; they are a copy */
  constructor(private readonly make: (labels: Labels) => T) {}

  of(labels: Labels): T {
    const key = JSON.stringify(Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)));
    const series = this.byText.get(key) ?? this.make({ ...labels });
    this.byText.set(key, series);
    return series;
  }

  /** Whoever has a series goes on with the same. */
  reset(): void {
    for (const series of this) series.reset();
  }

  [Symbol.iterator](): Iterator<T> {
    return this.byText.values();
  }
}
