import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_CODES } from './error-codes.js';

it('docs/errors.md tells of every code, and of no other', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/errors.md'), 'utf8');
  const documented = [...page.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
  expect(documented.toSorted()).toEqual([...ERROR_CODES].toSorted());
});
