import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const page = readFileSync(join(process.cwd(), 'CONTRIBUTING.md'), 'utf8');
const [, section = ''] = page.split('## To change …, open …\n');
const [table = ''] = section.split('\n## ');

/** `server/queue-consumer.ts`, `docs/retries.md`, `.oxlintrc.json`: what looks like a file. */
const files = [...table.matchAll(/`([\w./-]+\.(?:ts|mjs|md|json))`/g)].map(([, file = '']) => file);

it('names files in the table of what to open', () => expect(files.length).toBeGreaterThan(30));

it.each([...new Set(files)])('%s, which the table names, exists', file => {
  const places = ['.', 'libs/nestjs-sns-sqs/src'].map(root => join(process.cwd(), root, file));
  expect(places.some(existsSync)).toBe(true);
});
