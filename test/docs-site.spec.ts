import { join, posix } from 'node:path';
import ts from 'typescript';
import { GROUPS } from '../site/sidebar.mjs';
import { monthlyCost } from '../site/cost.mjs';
import {
  ROOT,
  docsPages,
  exportedValues,
  gitHubSlug,
  headingsOf,
  librarySources,
  linksOf,
  otherPages,
  vitePressSlug,
  withoutCode,
} from './support/pages.js';

const pages = docsPages();
const all = [...pages, ...otherPages()];
const textOf = new Map(all.map(({ path, text }) => [path, text]));

describe('the pages of docs', () => {
  it('are in the sidebar of the site, each once', () => {
    const isListed = ({ path }: { path: string }): boolean =>
      path !== 'docs/index.md' && !/^docs\/adr\/\d{4}-/.test(path);
    const listed = GROUPS.flatMap(group => group.pages.map(([path]) => `docs/${path}.md`));
    expect(listed.toSorted()).toEqual(
      pages
        .filter(isListed)
        .map(({ path }) => path)
        .toSorted(),
    );
  });

  it('have one title', () => {
    const others = pages.filter(
      ({ path, text }) => path !== 'docs/index.md' && withoutCode(text).match(/^# /gm)?.length !== 1,
    );
    expect(others.map(({ path }) => path)).toEqual([]);
  });

  it('show prices that the calculator gives', () => {
    const { text } = pages.find(({ path }) => path === 'docs/guides/cost.md') ?? { text: '' };
    const idle = { events: 0, useCases: 0, commands: 0, queues: 1, fifoQueues: 0, instances: 1, fill: 10 };
    const shown = (label: string): number => Number(new RegExp(`${label}[^$]*\\$([\\d.]+)`).exec(text)?.[1]);
    expect(shown('polling a standard queue')).toBeCloseTo(monthlyCost(idle).standard, 2);
    expect(shown('polling a FIFO queue')).toBeCloseTo(monthlyCost({ ...idle, queues: 0, fifoQueues: 1 }).fifo, 2);
    expect(shown('checking a subscription')).toBeCloseTo(monthlyCost(idle).looks, 2);
    const busy = { ...idle, events: 1_000_000, useCases: 3, queues: 0 };
    expect(shown('then cost about')).toBeCloseTo(monthlyCost(busy).total, 2);
    expect(shown('an idle service costs about')).toBeCloseTo(
      monthlyCost({ ...idle, queues: 10, instances: 3 }).total,
      0,
    );
  });
});

describe('the API reference', () => {
  const entries = librarySources().filter(({ path }) => /\/src\/([\w-]+\/)?index\.ts$/.test(path));

  it.each(entries.map(({ path }) => path))('has an example for each value of %s', path => {
    const isShown = (name: string): boolean => {
      const declared = new RegExp(`\\nexport (abstract |async )?(class|const|function) ${name}\\b`);
      const source = librarySources().find(({ text }) => declared.test(text))?.text ?? '';
      const before = source.slice(0, source.search(declared));
      return before.slice(before.lastIndexOf('/**')).includes('@example');
    };
    expect(exportedValues(path).filter(name => !isShown(name))).toEqual([]);
  });
});

describe.each(all.map(({ path, text }) => [path, text] as const))('%s', (path, text) => {
  const targets = linksOf(text).map(link => {
    const [file = '', anchor] = link.split('#');
    return { link, anchor, target: file === '' ? path : posix.join(posix.dirname(path), file) };
  });

  it('links to files that exist', () => {
    const isThere = (target: string): boolean =>
      ts.sys.fileExists(join(ROOT, target)) || ts.sys.directoryExists(join(ROOT, target));
    expect(targets.filter(({ target }) => !isThere(target)).map(({ link }) => link)).toEqual([]);
  });

  it('links to headings that exist, on GitHub and on the site', () => {
    const dead = targets.filter(({ target, anchor }) => {
      const page = textOf.get(target);
      if (anchor === undefined || page === undefined) return false;
      return !headingsOf(page).some(
        heading => gitHubSlug(heading) === anchor && (!target.startsWith('docs/') || vitePressSlug(heading) === anchor),
      );
    });
    expect(dead.map(({ link }) => link)).toEqual([]);
  });
});

/** Data, and a class that only `defineContract` makes. */
const needsNone = (name: string): boolean => name === 'Contract' || /^[A-Z_]+$/.test(name);

it.each(['index.ts', 'redis/index.ts', 'testing/index.ts'])('%s exports nothing without an @example', index => {
  const sources = librarySources().map(({ text }) => text);
  const withExample = (name: string): boolean =>
    sources.some(text => {
      const at = text.search(new RegExp(`^export (async )?(class|function|const) ${name}\\b`, 'm'));
      const comment = /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*(?:@\w+\([^\n]*\)\s*)*$/.exec(text.slice(0, Math.max(at, 0)));
      return comment?.[0].includes('@example') ?? false;
    });
  const names = exportedValues(`libs/nestjs-sns-sqs/src/${index}`);
  expect(names.filter(name => !withExample(name) && !needsNone(name))).toEqual([]);
});

it('README.md has at most 200 lines', () => {
  expect(textOf.get('README.md')?.split('\n').length).toBeLessThanOrEqual(201);
});
