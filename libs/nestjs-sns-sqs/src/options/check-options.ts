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

/** Throws one INVALID_OPTIONS that names every problem of `options`. */
export function checkOptions(of: string, schema: z.ZodType, options: unknown): void {
  const result = schema.safeParse(options);
  if (result.success) return;
  const problems = result.error.issues.map(textOf);
  throw new SnsSqsError(
    'INVALID_OPTIONS',
    `${of}: ${problems.join('; ')}. Remedy: correct these options; docs and doc comments tell each one's range.`,
    { facts: { of, problems } },
  );
}
