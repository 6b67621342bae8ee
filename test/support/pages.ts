import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

export const ROOT = join(import.meta.dirname, '../..');

/** A page that people read, by its path from the root. */
export interface Page {
  path: string;
  text: string;
}

const markdownOf = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md') && !name.startsWith('api/'))
    .map(name => `${folder}/${name}`)
    .toSorted();

const read = (path: string): Page => ({ path, text: readFileSync(join(ROOT, path), 'utf8') });

/** The pages of the site; those that are made of doc comments (`docs/api`) are not among them. */
export const docsPages = (): Page[] => markdownOf('docs').map(read);

/** What is read beside the site. */
export const otherPages = (): Page[] =>
  [
    'README.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'apps/README.md',
    'examples/README.md',
    'libs/local-sns-sqs/README.md',
    'libs/local-sns-sqs/DIFFERENCES.md',
  ]
    .filter(path => ts.sys.fileExists(join(ROOT, path)))
    .map(read);

/** Without code blocks, where neither links nor headings are meant. */
export const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, '');

/** As VitePress makes the ids of headings (`slugify` of @mdit-vue/shared). */
export function vitePressSlug(heading: string): string {
  const slug = heading
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[\s~`!@#$%^&*()\-_+=[\]{}|\\;:"'“”‘’<>,.?/]+/g, '-')
    .replace(/-{2,}/g, '-')
    .replace(/^-+|-+$/g, '')
    .replace(/^(\d)/, '_$1')
    .toLowerCase();
  return slug;
}

/** As GitHub makes them. */
export const gitHubSlug = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

/** Text of each heading, without marks of links and code. */
export const headingsOf = (text: string): string[] =>
  [...withoutCode(text).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) =>
    (heading ?? '').replaceAll('`', '').replace(/\[([^\]]+)\]\([^)]*\)/g, '$1'),
  );

/** Targets of links and pictures that are no URLs. */
export const linksOf = (text: string): string[] =>
  [...withoutCode(text).matchAll(/\]\((?![a-z]+:)([^)\s]+)\)/g)].map(([, target]) => target ?? '');

/** The sources of the library. */
export const librarySources = (): Page[] =>
  readdirSync(join(ROOT, 'libs/nestjs-sns-sqs/src'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
    .map(name => read(`libs/nestjs-sns-sqs/src/${name}`));

/** The values that an entry exports by name; types are none. */
export function exportedValues(index: string): string[] {
  const { text } = read(index);
  return [...text.matchAll(/^export \{([^}]*)\}/gm)]
    .flatMap(([, names = '']) => names.split(','))
    .map(name => name.trim())
    .filter(name => name !== '' && !name.startsWith('type '));
}
