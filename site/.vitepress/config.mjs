import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { defineConfig } from 'vitepress';
import { GROUPS } from '../sidebar.mjs';

const DOCS = join(import.meta.dirname, '../../docs');
/** Where the files are that no page is made of. GitHub's runners name the repository; elsewhere such links lead nowhere. */
const { GITHUB_SERVER_URL: server = 'https://github.com', GITHUB_REPOSITORY: repository } = process.env;
const files = repository ? `${server}/${repository}/blob/main` : undefined;
const NPM = 'https://www.npmjs.com/package/nestjs-sns-sqs';

const linkOf = path => `/${path.replace(/(^|\/)index$/, '$1')}`;
const titleOf = file =>
  readFileSync(join(DOCS, 'adr', file), 'utf8')
    .split('\n', 1)[0]
    .replace(/^# /, '');
const decisions = readdirSync(join(DOCS, 'adr'))
  .filter(file => /^\d{4}-.*\.md$/.test(file))
  .map(file => ({ text: titleOf(file), link: `/adr/${file.replace(/\.md$/, '')}` }));

const sidebar = GROUPS.map(({ text, pages }, index) => ({
  text,
  collapsed: index > 2,
  items: pages.map(([path, title]) =>
    path === 'adr/index'
      ? { text: title, link: '/adr/', collapsed: true, items: decisions }
      : { text: title, link: linkOf(path) },
  ),
}));

/** Links to files outside of docs/ lead to the repository. */
function linksOut(md) {
  const open = md.renderer.rules.link_open ?? ((tokens, at, options, _, self) => self.renderToken(tokens, at, options));
  md.renderer.rules.link_open = (tokens, at, options, env, self) => {
    const href = tokens[at].attrGet('href') ?? '';
    const target = posix.join('docs', posix.dirname(env.relativePath ?? ''), href);
    const isOut = !/^([a-z]+:|#|\/)/.test(href) && !/^docs(\/|$)/.test(target);
    // No link of the router's: VitePress takes what begins with a protocol for external.
    if (isOut) tokens[at].attrSet('href', files ? `${files}/${target}` : NPM);
    return open(tokens, at, options, env, self);
  };
}

/** The pages are outside of this folder: Vue is not found from there. */
const vueFromHere = {
  name: 'vue-from-here',
  enforce: 'pre',
  resolveId(id, importer) {
    if (!/^vue(\/|$)/.test(id) || !importer?.startsWith(DOCS)) return undefined;
    return this.resolve(id, join(import.meta.dirname, 'config.mjs'), { skipSelf: true });
  },
};

export default defineConfig({
  title: 'nestjs-sns-sqs',
  description: 'A NestJS transport for Amazon SNS and SQS',
  srcDir: '../docs',
  outDir: '../dist/site',
  cacheDir: '../.tmp/vitepress',
  base: process.env.SITE_BASE ?? '/',
  cleanUrls: true,
  lastUpdated: false,
  ignoreDeadLinks: false,
  markdown: { config: linksOut },
  vite: { plugins: [vueFromHere] },
  themeConfig: {
    nav: [
      { text: 'Getting started', link: '/getting-started' },
      { text: 'Concepts', link: '/concepts/use-case', activeMatch: '^/concepts/' },
      { text: 'Options', link: '/options' },
      { text: 'API', link: '/api/', activeMatch: '^/api/' },
    ],
    sidebar: { '/api/': apiSidebar(), '/': sidebar },
    outline: [2, 3],
    search: { provider: 'local' },
    ...(repository && { socialLinks: [{ icon: 'github', link: `${server}/${repository}` }] }),
  },
});

/** The pages that typedoc made, by kind and name. */
function apiSidebar() {
  const entries = ls('api').map(module => ({
    text: module === 'index' ? 'nestjs-sns-sqs' : `nestjs-sns-sqs/${module}`,
    items: ls(`api/${module}`).map(kind => ({
      text: kind,
      collapsed: true,
      items: pages(`api/${module}/${kind}`),
    })),
  }));
  return [{ text: 'API reference', link: '/api/' }, ...entries];
}

function ls(path) {
  try {
    return readdirSync(join(DOCS, path), { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

function pages(path) {
  return readdirSync(join(DOCS, path))
    .filter(file => file.endsWith('.md'))
    .map(file => ({ text: file.replace(/\.md$/, ''), link: `/${path}/${file.replace(/\.md$/, '')}` }));
}
