/** Nearest rank; undefined for no values. */
export function percentile(values, percent) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** `{ median, min, max }` */
export const spreadOf = values => ({ median: median(values), min: Math.min(...values), max: Math.max(...values) });

/**
 * The median, and between which values it lies with 95 % certainty: from medians of 2,000 lists that are drawn from these
 * values with replacement. `{ median, low, high }`
 */
export function medianWithBounds(values, random = Math.random) {
  const medians = Array.from({ length: 2_000 }, () =>
    median(values.map(() => values[Math.floor(random() * values.length)])),
  );
  return { median: median(values), low: percentile(medians, 2.5), high: percentile(medians, 97.5) };
}
