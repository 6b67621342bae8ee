import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SOURCES = join(import.meta.dirname, '..');
const DOCS = join(SOURCES, '../../../docs');
const sources = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
  .map(name => ({ name, text: readFileSync(join(SOURCES, name), 'utf8') }));

describe('pages that errors name', () => {
  it('are pages of the docs', () => {
    const named = sources.flatMap(({ text }) =>
      [...text.matchAll(/docsPage\('([^']+)'\)/g)].map(([, page = '']) => page),
    );
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter(page => !existsSync(join(DOCS, page)))).toEqual([]);
  });

  it('are named by where a reader has them', () => {
    const code = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
    const others = sources.filter(
      ({ text, name }) => name !== 'errors/docs-page.ts' && /docs\/[\w/-]+\.md/.test(code(text)),
    );
    expect(others.map(({ name }) => name)).toEqual([]);
  });
});
