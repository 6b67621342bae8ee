import { matchesPattern } from '../../topology/filter-policy.js';

interface Entry<T> {
  pattern: string;
  value: T;
  /** Of all patterns, the one with the longest literal part first. */
  rank: number;
}

/** Entries by the literal text at one end of their patterns. */
class ByLiteral<T> {
  private readonly entries = new Map<string, Entry<T>[]>();
  private readonly lengths = new Set<number>();

  add(literal: string, entry: Entry<T>): void {
    const same = this.entries.get(literal);
    if (same) same.push(entry);
    else this.entries.set(literal, [entry]);
    this.lengths.add(literal.length);
  }

  /** Looks up one text for each length that any literal has. */
  find(type: string, cut: (type: string, length: number) => string, found: Entry<T> | undefined): Entry<T> | undefined {
    let best = found;
    for (const length of this.lengths) {
      if (length > type.length) continue;
      for (const entry of this.entries.get(cut(type, length)) ?? []) {
        if (best && entry.rank >= best.rank) break;
        if (matchesPattern(entry.pattern, type)) best = entry;
      }
    }
    return best;
  }
}

/**
 * Patterns with wildcards, found by the text before their first `*`, or after their last where nothing is before it: so
 * a thousand patterns cost about as much as one. Of those that match, the one with the longest literal part is meant.
 */
export class WildcardIndex<T> {
  private readonly byPrefix = new ByLiteral<T>();
  private readonly bySuffix = new ByLiteral<T>();

  constructor(patterns: ReadonlyArray<readonly [pattern: string, value: T]>) {
    const ranked = [...patterns].sort(([a], [b]) => literalLength(b) - literalLength(a));
    for (const [rank, [pattern, value]] of ranked.entries()) {
      const prefix = pattern.slice(0, pattern.indexOf('*'));
      const suffix = pattern.slice(pattern.lastIndexOf('*') + 1);
      if (prefix === '') this.bySuffix.add(suffix, { pattern, value, rank });
      else this.byPrefix.add(prefix, { pattern, value, rank });
    }
  }

  find(type: string): T | undefined {
    const found = this.byPrefix.find(type, start, undefined);
    return this.bySuffix.find(type, end, found)?.value;
  }
}

const literalLength = (pattern: string): number => pattern.replaceAll('*', '').length;
const start = (type: string, length: number): string => type.slice(0, length);
const end = (type: string, length: number): string => type.slice(type.length - length);
