import { z } from 'zod';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import { nearestName } from './did-you-mean.js';

type Issue = z.core.$ZodIssue;

/** The options that a schema has, by path; those that are named by the user, as queues are, have none. */
function namesIn(schema: unknown, path = ''): string[] {
  if (schema instanceof z.ZodOptional) return namesIn(schema.unwrap(), path);
  if (schema instanceof z.ZodPipe) return namesIn(schema.out, path);
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).flatMap(([name, inner]) => [
    `${path}${name}`,
    ...namesIn(inner, `${path}${name}.`),
  ]);
}

/** The schema of what stands at a path. */
function schemaAt(schema: unknown, [name, ...rest]: readonly PropertyKey[]): unknown {
  if (schema instanceof z.ZodOptional) return schemaAt(schema.unwrap(), name === undefined ? [] : [name, ...rest]);
  if (schema instanceof z.ZodPipe) return schemaAt(schema.out, name === undefined ? [] : [name, ...rest]);
  if (name === undefined) return schema;
  if (schema instanceof z.ZodRecord) return schemaAt(schema.valueType, rest);
  return schema instanceof z.ZodObject ? schemaAt(schema.shape[String(name)], rest) : undefined;
}

const withPath = (path: string, name: string): string => (path ? `${path}.${name}` : name);
const lastOf = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

/** Where an option that is none was meant to stand: beside it, or elsewhere under a like name. */
function suggestionFor(key: string, path: string, beside: readonly string[], all: readonly string[]): string {
  const near = nearestName(key, beside);
  if (near !== undefined) return ` (did you mean \`${withPath(path, near)}\`?)`;
  const elsewhere = nearestName(key, new Set(all.map(lastOf)));
  const meant = all.find(each => lastOf(each) === elsewhere);
  return meant === undefined ? '' : ` (did you mean \`${meant}\`?)`;
}

function textOf(issue: Issue, schema: z.ZodType): string {
  const path = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const all = namesIn(schema);
    const beside = namesIn(schemaAt(schema, issue.path)).filter(name => !name.includes('.'));
    return issue.keys
      .map(key => `\`${withPath(path, key)}\` is not an option${suggestionFor(key, path, beside, all)}`)
      .join('; ');
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
  const problems = [
    ...(result.error?.issues ?? []).map(issue => textOf(issue, schema)),
    ...((isObject && others?.(options)) || []),
  ];
  if (problems.length === 0) return;
  throw new SnsSqsError('INVALID_OPTIONS', {
    problem: `${of}: ${problems.join('; ')}`,
    remedy: 'correct these options; docs/options.md lists the range of each',
    facts: { of, problems },
  });
}
