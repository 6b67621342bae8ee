/** Edits that lead from one word to the other: a letter added, left out or changed, or two neighbours swapped. */
function editsBetween(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? (before[j - 2] ?? 0) + 1 : Infinity;
      row.push(Math.min(changed, swapped, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    [before, last] = [last, row];
  }
  return last[b.length] ?? 0;
}

/** A unit at its end left out, `visibilityTimeout`, or another one put, `visibilityTimeoutMs`. */
const withoutUnit = (name: string): string => name.replace(/(seconds?|secs?|ms|millis|milliseconds|minutes?)$/, '');

/** How far a name is from one that is known; Infinity: too far to be meant. */
function distanceOf(name: string, known: string): number {
  const [a, b] = [name, known].map(word => word.toLowerCase().replaceAll(/[-_]/g, '')) as [string, string];
  const [stem, knownStem] = [withoutUnit(a), withoutUnit(b)];
  if (a === b) return 0;
  if (stem === knownStem && stem !== '') return 0.5;
  const edits = Math.min(editsBetween(a, b), editsBetween(stem, knownStem) + 0.5);
  return edits <= Math.max(1, Math.floor(Math.min(a.length, b.length) / 3)) ? edits : Infinity;
}

/** The known name that was probably meant; undefined: none is near. Of two that are as near the first. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let least = Infinity;
  for (const each of known) {
    const distance = distanceOf(name, each);
    if (distance < least) [nearest, least] = [each, distance];
  }
  return nearest;
}

/** ` (did you mean "x"?)`, or nothing. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? '' : ` (did you mean \`${nearest}\`?)`;
}
