// Takes a picture of each page of the built site, light and dark, wide and narrow, in Debian's Chromium (CHROMIUM names
// another one), and fails for what a reader could not read: `npm run docs:screenshots`. The pictures are in
// .tmp/screenshots. --only=PART: pages whose path contains it. --height=PIXELS: of a page that is taller, the upper part.
// --schemes=light: that one only, which is all that CI looks at.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { serve } from 'vitepress';
import { GROUPS } from './sidebar.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    height: { type: 'string', default: '2400' },
    schemes: { type: 'string', default: 'light,dark' },
  },
});
const FOLDER = join(import.meta.dirname, '../.tmp/screenshots');
const WIDTHS = { wide: { width: 1280, height: 900 }, narrow: { width: 390, height: 844 } };
const SCHEMES = values.schemes.split(',');

const executablePath = process.env.CHROMIUM ?? spawnSync('which', ['chromium'], { encoding: 'utf8' }).stdout.trim();
if (executablePath === '') throw new Error('there is no chromium: apt-get install chromium, or name one by CHROMIUM');

/** What is wrong with the page as it is drawn. Runs in the browser. */
function problemsInPage() {
  const problems = [];
  const { clientWidth, scrollWidth } = document.documentElement;
  if (scrollWidth > clientWidth) problems.push(`is ${scrollWidth} px wide in a window of ${clientWidth} px`);
  for (const image of document.images) {
    if (image.complete && image.naturalWidth === 0) problems.push(`${image.src} is not there`);
  }
  const isScrolled = element => {
    for (let each = element; each && each !== document.body; each = each.parentElement) {
      if (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(each).overflowX)) return true;
    }
    return false;
  };
  const column = document.querySelector('.vp-doc')?.getBoundingClientRect().right ?? clientWidth;
  for (const element of document.querySelectorAll('.vp-doc :is(p, li, table, img, svg, h1, h2, h3)')) {
    const { right, width } = element.getBoundingClientRect();
    if (width > 0 && right > column + 1 && !isScrolled(element)) {
      problems.push(`<${element.localName}> is wider than its column: ${element.textContent.trim().slice(0, 60)}`);
    }
  }
  return problems;
}

const paths = ['/', ...GROUPS.flatMap(({ pages }) => pages.map(([path]) => `/${path.replace(/(^|\/)index$/, '$1')}`))]
  .concat('/api/')
  .filter(path => path.includes(values.only));
const app = await serve({ root: import.meta.dirname, port: 0 });
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
const found = [];
let count = 0;
try {
  if (!app.server.listening) await new Promise(resolve => app.server.once('listening', resolve));
  const origin = `http://localhost:${app.server.address().port}`;
  for (const [widthName, viewport] of Object.entries(WIDTHS)) {
    const context = await browser.newContext({ viewport, reducedMotion: 'reduce' });
    for (const path of paths) {
      const page = await context.newPage();
      const errors = [];
      page.on('pageerror', error => errors.push(String(error)));
      page.on('console', message => message.type() === 'error' && errors.push(message.text()));
      const answer = await page.goto(origin + path, { waitUntil: 'load' });
      if (answer?.status() !== 200) errors.push(`status ${answer?.status()}`);
      await page.evaluate('document.fonts.ready.then(() => undefined)');
      const problems = [...errors, ...(await page.evaluate(problemsInPage))];
      found.push(...problems.map(problem => `${path} (${widthName}): ${problem}`));
      const height = await page.evaluate('document.documentElement.scrollHeight');
      const clip = { x: 0, y: 0, width: viewport.width, height: Math.min(height, Number(values.height)) };
      for (const colorScheme of SCHEMES) {
        await page.emulateMedia({ colorScheme });
        const name = `${path.replaceAll('/', '_').replace(/^_|_$/g, '') || 'home'}-${widthName}-${colorScheme}`;
        await page.screenshot({ path: join(FOLDER, `${name}.png`), fullPage: true, clip });
        count += 1;
      }
      await page.close();
    }
    await context.close();
  }
} finally {
  await browser.close();
  app.server.close();
}
for (const problem of found) console.error(problem);
console.log(`${count} pictures of ${paths.length} pages in .tmp/screenshots, ${found.length} problems`);
process.exit(found.length > 0 || count === 0 ? 1 : 0);
