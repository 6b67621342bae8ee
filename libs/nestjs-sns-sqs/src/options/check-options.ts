import type { z } from 'zod';
import { SnsSqsError } from '../errors/sns-sqs.error.js';

type Issue = z.core.$ZodIssue;

function textOf(issue: Issue): string {
  const path = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => `\`${path ? `${path}.` : ''}${key}\` is not an option`).join('; ');
  }
  return path ? `\`${path}\`: ${issue.message}` : issue.message;
}

/**
 * Throws one INVALID_OPTIONS that names every problem of `options`.
 * @param others finds what a schema cannot
 */
export function checkOptions<O>(of: string, schema: z.ZodType, options: O, others?: (options: O) => string[]): void {
  const result = schema.safeParse(options);
  const isObject = typeof options === 'object' && options !== null;
  const problems = [...(result.error?.issues ?? []).map(textOf), ...((isObject && others?.(options)) || [])];
  if (problems.length === 0) return;
  throw new SnsSqsError('INVALID_OPTIONS', {
    problem: `${of}: ${problems.join('; ')}`,
    remedy: "correct these options; docs and doc comments tell each one's range",
    facts: { of, problems },
  });
}
