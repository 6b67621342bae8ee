import { docsPage } from '../errors/docs-page.js';
import { problemParts, SnsSqsError } from '../errors/sns-sqs.error.js';
import { nearestName } from './did-you-mean.js';
import { ObjectSchema, RecordSchema, type Issue, type Schema } from './schema.js';

/** The options that a schema has, by path; those that are named by the user, as queues are, have none. */
function namesIn(schema: Schema | undefined, path = ''): string[] {
  const core = schema?.core;
  if (!(core instanceof ObjectSchema)) return [];
  return Object.entries(core.shape).flatMap(([name, inner]) => [
    `${path}${name}`,
    ...namesIn(inner, `${path}${name}.`),
  ]);
}

/** The schema of what stands at a path. */
function schemaAt(schema: Schema | undefined, [name, ...rest]: readonly string[]): Schema | undefined {
  const core = schema?.core;
  if (name === undefined) return core;
  if (core instanceof RecordSchema) return schemaAt(core.valueType, rest);
  return core instanceof ObjectSchema ? schemaAt(core.shape[name], rest) : undefined;
}

const withPath = (path: string, name: string): string => (path ? `${path}.${name}` : name);
const lastOf = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

/** What is configured on the clients of the SDK, and so one level deeper than many look for it. */
const OF_THE_SDK = new Set(['region', 'endpoint', 'credentials', 'profile', 'maxAttempts', 'requestHandler']);

/** Where an option that is none was meant to stand: beside it, or elsewhere under a like name. */
function suggestionFor(key: string, path: string, beside: readonly string[], all: readonly string[]): string {
  if (OF_THE_SDK.has(key) && all.includes('aws')) return ` (did you mean \`aws.${key}\`?)`;
  const near = nearestName(key, beside);
  if (near !== undefined) return ` (did you mean \`${withPath(path, near)}\`?)`;
  const elsewhere = nearestName(key, new Set(all.map(lastOf)));
  const meant = all.find(each => lastOf(each) === elsewhere);
  return meant === undefined ? '' : ` (did you mean \`${meant}\`?)`;
}

/** An issue in words; one for each name that is no option. */
function textsOf(issue: Issue, schema: Schema): string[] {
  const path = issue.path.join('.');
  if (issue.unknownNames) {
    const all = namesIn(schema);
    const beside = namesIn(schemaAt(schema, issue.path)).filter(name => !name.includes('.'));
    return issue.unknownNames.map(
      key => `\`${withPath(path, key)}\` is not an option${suggestionFor(key, path, beside, all)}`,
    );
  }
  return [path ? `\`${path}\`: ${issue.message}` : issue.message];
}

/**
 * Throws one INVALID_OPTIONS that names every problem of `options`.
 * @param others finds what a schema cannot
 */
export function checkOptions<O>(of: string, schema: Schema, options: O, others?: (options: O) => string[]): void {
  const isObject = typeof options === 'object' && options !== null;
  const problems = [
    ...schema.issuesOf(options).flatMap(issue => textsOf(issue, schema)),
    ...((isObject && others?.(options)) || []),
  ];
  if (problems.length === 0) return;
  throw new SnsSqsError('INVALID_OPTIONS', {
    ...problemParts(problems, { of, heading: `The options of ${of} have ${problems.length} problems` }),
    remedy: `correct ${problems.length > 1 ? 'these options' : 'this option'}; ${docsPage('options.md')} lists all options with their ranges`,
    facts: { of, problems },
  });
}
