import { dirname, join } from 'node:path';
import ts from 'typescript';
import { ROOT, type Page } from './pages.js';

/** Sources by absolute path. They stand below the tests, where the workspace's packages are found by name. */
export type Sources = ReadonlyMap<string, string>;

/** What `nest new` makes and pages build upon. */
const NEST_NEW = {
  'docs/getting-started.md': {
    'src/app.controller.ts': 'export class AppController {}',
    'src/app.service.ts': 'export class AppService {}',
  },
} satisfies Record<string, Record<string, string>>;

const FENCE = /^```ts\n([\s\S]*?)^```/gm;
/** A snippet that is a file of an app begins with its name. */
const NAMED = /^\/\/ ([\w./-]+\.ts)\n/;

/** The TypeScript of a page, block by block. */
export const snippetsOf = ({ text }: Page): string[] => [...text.matchAll(FENCE)].map(([, code]) => code ?? '');

/** Each block as a file. Those of one page may import each other by the names that the page gives them. */
export function sourcesOf(pages: readonly Page[]): Sources {
  const sources = new Map<string, string>();
  for (const page of pages) {
    const folder = join(ROOT, 'test/e2e', `.${page.path.replaceAll(/[/.]/g, '-')}`);
    snippetsOf(page).forEach((code, index) =>
      sources.set(join(folder, NAMED.exec(code)?.[1] ?? `snippet-${index + 1}.ts`), code),
    );
    const given: Record<string, string> = (NEST_NEW as Record<string, Record<string, string>>)[page.path] ?? {};
    for (const [name, code] of Object.entries(given)) sources.set(join(folder, name), code);
  }
  return sources;
}

/** Names that examples in doc comments use without importing them. */
const IMPORTS: Record<string, readonly string[]> = {
  '@nestjs/common': ['Controller', 'Injectable', 'Module', 'type INestApplication'],
  '@nestjs/core': ['NestFactory'],
  '@nestjs/microservices': [
    'Ctx',
    'EventPattern',
    'MessagePattern',
    'Payload',
    'type ClientProxy',
    'type MicroserviceOptions',
  ],
  '@aws-sdk/client-sqs': ['SQSClient'],
  rxjs: ['lastValueFrom'],
  'nestjs-sns-sqs/dead-letters': ['DeadLetterDesk', 'REDRIVE_COUNT'],
  'nestjs-sns-sqs/postgres': [
    'appliedMigrations',
    'knownMigrations',
    'migrate',
    'migrationsSql',
    'PostgresInboxStore',
    'PostgresOutbox',
  ],
  'node:fs': ['writeFileSync'],
  'nestjs-sns-sqs/redis': ['RedisInboxStore'],
  pg: ['Pool'],
  'nestjs-sns-sqs/testing': ['inboxStoreContract', 'steeringStoreContract', 'TestHarness'],
};
const DECLARED: Record<string, string> = {
  app: 'INestApplication',
  pool: 'Pool',
  user: '{ id: string; email: string; version: number }',
  events: 'ClientSNS',
  notifications: 'ClientSQS',
};

/** The `@example` blocks in the doc comments of these files, each as a file with the imports that it needs. */
export function examplesOf(files: readonly Page[], publicNames: readonly string[]): Sources {
  const sources = new Map<string, string>();
  for (const { path, text } of files) {
    const prose = text.replace(/^\s*\* ?/gm, '');
    [...prose.matchAll(/@example\n```ts\n([\s\S]*?)```/g)].forEach(([, code = ''], index) => {
      const uses = (name: string): boolean =>
        Object.values(DECLARED).includes(name) || new RegExp(`(?<![.\\w])${name.replace('type ', '')}\\b`).test(code);
      const declares = (name: string): boolean => new RegExp(`(const|class) ${name}\\b`).test(code);
      const imports = Object.entries({ ...IMPORTS, 'nestjs-sns-sqs': publicNames }).map(
        ([from, names]) =>
          `import { ${names.filter(name => uses(name) || name.startsWith('type ')).join(', ')} } from '${from}';`,
      );
      const declared = Object.entries(DECLARED).flatMap(([name, type]) =>
        declares(name) ? [] : [`declare const ${name}: ${type};`],
      );
      const module = declares('AppModule') ? [] : ['declare class AppModule {}'];
      const file = join(ROOT, 'test/e2e/.examples', `${path.replaceAll(/[/.]/g, '-')}-${index}.ts`);
      sources.set(file, [...imports, ...declared, ...module, code].join('\n'));
    });
  }
  return sources;
}

/** What is wrong with these sources, in TypeScript's words. */
export function compile(sources: Sources): string[] {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), path => ts.sys.readFile(path)) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const folders = new Set<string>();
  for (let path of sources.keys()) {
    while (path !== ROOT && path !== dirname(path)) folders.add((path = dirname(path)));
  }
  const host = ts.createCompilerHost(options);
  const disk = ts.createCompilerHost(options);
  host.fileExists = path => sources.has(path) || disk.fileExists(path);
  host.readFile = path => sources.get(path) ?? disk.readFile(path);
  host.directoryExists = path => folders.has(path) || ts.sys.directoryExists(path);
  host.getSourceFile = (path, ...rest) => {
    const text = sources.get(path);
    return text === undefined ? disk.getSourceFile(path, ...rest) : ts.createSourceFile(path, text, rest[0], true);
  };
  const program = ts.createProgram([...sources.keys()], { ...options, noEmit: true, incremental: false }, host);
  return [...sources.keys()].flatMap(path =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(path))
      .map(({ messageText }) => `${path}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`),
  );
}
