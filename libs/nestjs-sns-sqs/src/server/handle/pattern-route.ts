import type { MsPattern } from '@nestjs/microservices';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { quoted } from '../../logging/printable.js';

/**
 * A pattern as messages carry it. Throws INVALID_HANDLER for one that no message can have: Nest writes a regular
 * expression as `{}`, and its handler would wait for ever.
 * @param route what Nest makes of it
 */
export function routeOf(pattern: MsPattern | RegExp | null | undefined, route: string): string {
  const name = pattern instanceof RegExp ? String(pattern) : quoted(pattern);
  const problem =
    pattern instanceof RegExp
      ? 'is a regular expression'
      : typeof route !== 'string' || route === '{}'
        ? 'is not a string, a number, or an object with a value'
        : undefined;
  if (problem === undefined) return route;
  throw new SnsSqsError('INVALID_HANDLER', {
    problem: `The pattern ${name} of a handler ${problem}, so no message can have it`,
    remedy: 'name the type, or use the wildcard `*`, as in `user.*`',
    facts: { pattern: name },
  });
}
