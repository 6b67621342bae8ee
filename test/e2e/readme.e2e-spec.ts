import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, docsPages, exportedValues, librarySources, otherPages } from '../support/pages.js';
import { compile, examplesOf, sourcesOf } from '../support/snippets.js';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const readme = read('README.md');
const options = read('docs/options.md');

describe('README.md', () => {
  it("shows the first lines of the demo's output as the demo tells it", () => {
    const [, shown = ''] = /<!-- demo-output -->\n```text\n([\s\S]*?)…\n```\n<!-- \/demo-output -->/.exec(readme) ?? [];
    expect(shown.split('\n').length).toBeGreaterThan(5);
    expect(read('tools/demo/expected-output.txt').startsWith(shown)).toBe(true);
  });

  it('has snippets that compile, and so have the pages of docs and the doc comments', () => {
    const pages = [...docsPages(), ...otherPages().filter(({ path }) => !path.startsWith('libs/'))];
    const snippets = sourcesOf(pages);
    const examples = examplesOf(librarySources(), exportedValues('libs/nestjs-sns-sqs/src/index.ts'));
    expect(snippets.size).toBeGreaterThan(30);
    expect(examples.size).toBeGreaterThan(20);
    expect(compile(new Map([...snippets, ...examples]))).toEqual([]);
  }, 60_000);

  it("shows a complete test of an app that is one of this suite's own", () => {
    expect(read('docs/testing.md')).toContain(read('test/e2e/testing-harness.e2e-spec.ts'));
  });

  it('has a page of options that names every default of the consumer', async () => {
    const constants = (await import('../../libs/nestjs-sns-sqs/src/constants.js')) as Record<string, unknown>;
    const defaultOf = (option: string): string =>
      new RegExp(`\`${option}\` \\| [^|]+ \\| ([^|]+) \\|`).exec(options)?.[1] ?? '';
    const shown = (option: string): number => Number(defaultOf(option).replaceAll(',', ''));
    expect(shown('… concurrency')).toBe(constants['SQS_DEFAULT_CONCURRENCY']);
    expect(shown('… visibilityTimeoutSeconds')).toBe(constants['SQS_DEFAULT_VISIBILITY_TIMEOUT_SECONDS']);
    expect(shown('… waitTimeSeconds')).toBe(constants['SQS_DEFAULT_WAIT_TIME_SECONDS']);
    expect(shown('… maxReceiveCount')).toBe(constants['SQS_DEFAULT_MAX_RECEIVE_COUNT']);
    expect(shown('… handlerTimeoutMs')).toBe(constants['SQS_DEFAULT_HANDLER_TIMEOUT_MS']);
    expect(shown('shutdownTimeoutMs')).toBe(constants['SQS_DEFAULT_SHUTDOWN_TIMEOUT_MS']);
  });
});
