import type { Labels } from '../metrics/definitions.js';

/**
 * What is counted for each set of labels. Labels that were seen before, as the same object, are found at once; equal ones
 * have one series.
 */
export class Series<T> implements Iterable<T> {
  private known = new WeakMap<Labels, T>();
  private readonly byText = new Map<string, T>();

  /** @param make the series of labels that are new; they are a copy */
  constructor(private readonly make: (labels: Labels) => T) {}

  /** @param labels must not be changed afterwards */
  of(labels: Labels): T {
    return this.known.get(labels) ?? this.note(labels);
  }

  reset(): void {
    this.known = new WeakMap();
    this.byText.clear();
  }

  [Symbol.iterator](): Iterator<T> {
    return this.byText.values();
  }

  private note(labels: Labels): T {
    const key = JSON.stringify(Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)));
    const series = this.byText.get(key) ?? this.make({ ...labels });
    this.byText.set(key, series);
    this.known.set(labels, series);
    return series;
  }
}
