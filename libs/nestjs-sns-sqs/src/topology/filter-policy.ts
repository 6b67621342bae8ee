type Condition = string | { prefix: string } | { suffix: string };

/** AWS's bound of values that a filter policy may combine (subscription-filter-policy-constraints). */
export const MAX_CONDITIONS = 150;

/** Whether a type is meant by a handler's pattern: `*` stands for any text, everything else for itself. */
export function matchesPattern(pattern: string, type: string): boolean {
  if (!pattern.includes('*')) return pattern === type;
  const parts = pattern.split('*');
  const first = parts.shift() ?? '';
  const last = parts.pop() ?? '';
  if (type.length < first.length + last.length || !type.startsWith(first) || !type.endsWith(last)) return false;
  let at = first.length;
  const end = type.length - last.length;
  for (const part of parts) {
    const found = type.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** The text before the first `*`, and after the last one. */
const endsOf = (pattern: string): [head: string, tail: string] => [
  pattern.slice(0, pattern.indexOf('*')),
  pattern.slice(pattern.lastIndexOf('*') + 1),
];

/** Whether there may be a type that both patterns mean. Of two with a `*` only the ends are compared. */
export function mayMeanTheSame(one: string, other: string): boolean {
  if (!one.includes('*')) return matchesPattern(other, one);
  if (!other.includes('*')) return matchesPattern(one, other);
  const [[head, tail], [otherHead, otherTail]] = [endsOf(one), endsOf(other)];
  return (
    (head.startsWith(otherHead) || otherHead.startsWith(head)) && (tail.endsWith(otherTail) || otherTail.endsWith(tail))
  );
}

interface Expression {
  /** Undefined: no condition narrows it down. */
  condition: Condition | undefined;
  /** False: the condition lets more through than the pattern means. */
  exact: boolean;
}

function expressionOf(pattern: string): Expression {
  const first = pattern.indexOf('*');
  if (first < 0) return { condition: pattern, exact: true };
  const prefix = pattern.slice(0, first);
  const rest = pattern.slice(first + 1);
  if (rest.replaceAll('*', '') === '') return { condition: prefix === '' ? undefined : { prefix }, exact: true };
  if (prefix === '') {
    const suffix = pattern.slice(pattern.lastIndexOf('*') + 1);
    if (suffix !== '') return { condition: { suffix }, exact: rest === suffix };
  }
  return { condition: prefix === '' ? undefined : { prefix }, exact: false };
}

/** False: SNS cannot express these patterns, so types come to the queue that no handler of it means. */
export const isExpressible = (patterns: readonly string[]): boolean =>
  patterns.length <= MAX_CONDITIONS && patterns.every(pattern => expressionOf(pattern).exact);

/**
 * The narrowest filter policy (scope MessageAttributes) that lets all of these patterns through, as JSON; `{}`, which
 * to SNS means no filter, when none does.
 */
export function filterPolicyOf(patterns: readonly string[]): string {
  const conditions = patterns.map(pattern => expressionOf(pattern).condition);
  if (conditions.length > MAX_CONDITIONS || conditions.includes(undefined)) return '{}';
  const distinct = new Map(conditions.map(condition => [JSON.stringify(condition), condition]));
  return JSON.stringify({ type: [...distinct.keys()].sort().map(key => distinct.get(key)) });
}
