import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const readme = read('README.md');

/** What is wrong with these sources, by TypeScript's own words; they stand where the tests stand. */
function compile(sources: readonly string[]): string[] {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), path => ts.sys.readFile(path)) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const files = new Map(sources.map((text, index) => [join(ROOT, 'test/e2e', `readme-${index}.ts`), text]));
  const host = ts.createCompilerHost(options);
  const disk = ts.createCompilerHost(options);
  host.fileExists = path => files.has(path) || disk.fileExists(path);
  host.readFile = path => files.get(path) ?? disk.readFile(path);
  host.getSourceFile = (path, ...rest) => {
    const text = files.get(path);
    return text === undefined ? disk.getSourceFile(path, ...rest) : ts.createSourceFile(path, text, rest[0], true);
  };
  const program = ts.createProgram([...files.keys()], { ...options, noEmit: true, incremental: false }, host);
  return [...files.keys()].flatMap(path =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(path))
      .map(({ messageText }) => `${path}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`),
  );
}

describe('README.md', () => {
  it("shows the demo's output as the demo tells it", () => {
    const [, shown] = /<!-- demo-output -->\n```text\n([\s\S]*?)```\n<!-- \/demo-output -->/.exec(readme) ?? [];
    expect(shown).toBe(read('tools/demo/expected-output.txt'));
  });

  it('has snippets that compile, and so have the pages of docs', () => {
    const pages = [
      readme,
      ...readdirSync(join(ROOT, 'docs'))
        .filter(name => name.endsWith('.md'))
        .map(name => read(`docs/${name}`)),
    ];
    const snippets = pages.flatMap(page => [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code ?? ''));
    expect(snippets.length).toBeGreaterThan(6);
    expect(compile(snippets)).toEqual([]);
  }, 60_000);

  it("shows a complete test of an app that is one of this suite's own", () => {
    expect(read('docs/testing.md')).toContain(read('test/e2e/testing-harness.e2e-spec.ts'));
  });

  it('links to pages that exist', () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => path ?? '');
    expect(
      links.filter(path => !ts.sys.fileExists(join(ROOT, path)) && !ts.sys.directoryExists(join(ROOT, path))),
    ).toEqual([]);
  });

  it('names every default of the consumer', async () => {
    const constants = (await import('../../libs/nestjs-sns-sqs/src/constants.js')) as Record<string, unknown>;
    const defaultOf = (option: string): string => new RegExp(`\`${option}\` \\| ([^|]+) \\|`).exec(readme)?.[1] ?? '';
    const shown = (option: string): number => Number(defaultOf(option).replaceAll(',', ''));
    expect(shown('… concurrency')).toBe(constants['SQS_DEFAULT_CONCURRENCY']);
    expect(shown('… visibilityTimeoutSeconds')).toBe(constants['SQS_DEFAULT_VISIBILITY_TIMEOUT_SECONDS']);
    expect(shown('… waitTimeSeconds')).toBe(constants['SQS_DEFAULT_WAIT_TIME_SECONDS']);
    expect(shown('… maxReceiveCount')).toBe(constants['SQS_DEFAULT_MAX_RECEIVE_COUNT']);
    expect(shown('… handlerTimeoutMs')).toBe(constants['SQS_DEFAULT_HANDLER_TIMEOUT_MS']);
    expect(shown('shutdownTimeoutMs')).toBe(constants['SQS_DEFAULT_SHUTDOWN_TIMEOUT_MS']);
  });
});
