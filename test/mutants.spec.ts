import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MUTANTS } from './faults/mutant-list.js';

const SOURCE = join(import.meta.dirname, '../libs/nestjs-sns-sqs/src');

describe('npm run test:mutants', () => {
  it.each(MUTANTS.map(mutant => [mutant.mend, mutant] as const))('finds what it takes back: %s', (_, mutant) => {
    const { file, from, to } = mutant;
    expect(readFileSync(join(SOURCE, file), 'utf8').split(from)).toHaveLength(2);
    expect(to).not.toBe(from);
  });
});
