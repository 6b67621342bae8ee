import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

const SOURCES = join(import.meta.dirname, '../libs/nestjs-sns-sqs/src');
const MANIFEST = JSON.parse(readFileSync(join(SOURCES, '../package.json'), 'utf8')) as {
  exports: Record<string, unknown>;
  peerDependenciesMeta: Record<string, { optional: boolean }>;
};

/** What a file imports at run time: nothing that is only a type. */
function loadedBy(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
  return source.statements.flatMap(statement => {
    if (ts.isImportDeclaration(statement)) {
      const { importClause: clause } = statement;
      const named = clause?.namedBindings;
      const isOfTypes =
        clause?.phaseModifier === ts.SyntaxKind.TypeKeyword ||
        (named && ts.isNamedImports(named) && !clause.name && named.elements.every(({ isTypeOnly }) => isTypeOnly));
      return isOfTypes ? [] : [(statement.moduleSpecifier as ts.StringLiteral).text];
    }
    if (!ts.isExportDeclaration(statement) || !statement.moduleSpecifier || statement.isTypeOnly) return [];
    const { exportClause: clause } = statement;
    const isOfTypes = clause && ts.isNamedExports(clause) && clause.elements.every(({ isTypeOnly }) => isTypeOnly);
    return isOfTypes ? [] : [(statement.moduleSpecifier as ts.StringLiteral).text];
  });
}

/** Every module that an entry loads: files relative to the sources, and packages. */
function reachedFrom(entry: string): { files: string[]; packages: string[] } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    for (const specifier of loadedBy(file)) {
      if (!specifier.startsWith('.')) packages.add(specifier);
      else {
        const target = join(file, '..', specifier.replace(/\.js$/, '.ts'));
        if (existsSync(target)) visit(target);
      }
    }
  };
  visit(join(SOURCES, entry));
  return { files: [...files].map(file => relative(SOURCES, file)), packages: [...packages] };
}

const SUBPATHS = Object.keys(MANIFEST.exports).flatMap(path => (/^\.\/[a-z-]+$/.test(path) ? [path.slice(2)] : []));
const OPTIONAL = Object.keys(MANIFEST.peerDependenciesMeta);

describe('the main entry', () => {
  const { files, packages } = reachedFrom('index.ts');

  it('reaches most of the library', () => {
    expect(files.length).toBeGreaterThan(100);
    expect(SUBPATHS).toEqual(expect.arrayContaining(['otel', 'prometheus', 'redis', 'testing']));
  });

  it('loads nothing of a subpath', () => {
    const ofSubpaths = files.filter(file => SUBPATHS.some(path => file.startsWith(`${path}/`)));
    expect([...ofSubpaths, ...files.filter(file => file.startsWith('metrics/'))]).toEqual([]);
  });

  it('loads nothing of the command', () => {
    expect(files.filter(file => file.startsWith('cli/'))).toEqual([]);
    expect(packages).not.toContain('commander');
  });

  it('loads no optional peer', () => {
    expect(packages.filter(name => OPTIONAL.some(peer => name === peer || name.startsWith(`${peer}/`)))).toEqual([]);
  });
});

describe.each([
  ['otel', ['@opentelemetry/api']],
  ['prometheus', ['prom-client']],
])('the subpath %s', (path, peers) => {
  it('loads its own peers only, and neither Nest nor the SDK', () => {
    const { packages } = reachedFrom(`${path}/index.ts`);
    expect(packages.filter(name => OPTIONAL.includes(name))).toEqual(peers);
    expect(packages.filter(name => /^@nestjs|^@aws-sdk/.test(name))).toEqual([]);
  });
});
