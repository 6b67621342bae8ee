import { getMaxListeners } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { abortController } from './abort.js';

const SOURCES = join(import.meta.dirname, '..');
/** Its signals are one receive's each. */
const OF_ONE_CALL = ['async/abort.ts', 'server/receive/receive-calls.ts'];

describe('abortController', () => {
  it('gives a signal that any number may listen to', () => {
    expect(getMaxListeners(abortController().signal)).toBe(0);
  });

  it('makes every signal of the library that many may listen to', () => {
    const others = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
      .filter(name => readFileSync(join(SOURCES, name), 'utf8').includes('new AbortController('));
    expect(others.toSorted()).toEqual(OF_ONE_CALL);
  });
});
