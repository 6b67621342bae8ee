import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findingOfSchedules, findingOfSpec } from './faults/finding.js';
import { MUTANTS } from './faults/mutant-list.js';

const SOURCE = join(import.meta.dirname, '../libs/nestjs-sns-sqs/src');

describe('npm run test:mutants', () => {
  it.each(MUTANTS.map(mutant => [mutant.mend, mutant] as const))('finds what it takes back: %s', (_, mutant) => {
    const { file, from, to } = mutant;
    expect(readFileSync(join(SOURCE, file), 'utf8').split(from)).toHaveLength(2);
    expect(to).not.toBe(from);
  });

  it('tells what a schedule has found, and after how many', () => {
    const output =
      '\nviolated by:\n{}\nViolation: a/0 had its effect twice\n\n7 schedules in 1.0 s (seed 1): 40 faults injected, 1 violations\n';
    expect(findingOfSchedules(output, 20)).toEqual({ by: '“a/0 had its effect twice”', after: '8 schedules' });
  });

  it('tells that nothing is found only of schedules that were run', () => {
    const output = (done: number) => `${done} schedules in 1.0 s (seed 1): 40 faults injected, 0 violations\n`;
    expect(findingOfSchedules(output(20), 20)).toEqual({ by: '', after: '20 schedules' });
    const died = `${output(0)}a process that ran schedules ended with SIGKILL\n`;
    expect(() => findingOfSchedules(died, 20)).toThrow('0 of 20 schedules were run');
    expect(() => findingOfSchedules('SyntaxError: Unexpected token', 20)).toThrow('none of 20 schedules were run');
  });

  it('does not take a spec that cannot be loaded for one that fails', () => {
    expect(findingOfSpec('  ● a thing › is so\nTests: 1 failed').by).toBe('“a thing › is so”');
    expect(findingOfSpec('Tests: 3 passed').by).toBe('');
    expect(() => findingOfSpec('  ● Test suite failed to run\nTests: 0 total')).toThrow('was not run');
    expect(() => findingOfSpec("Error: ENOENT: no such file or directory, scandir '…'")).toThrow('was not run');
    expect(() => findingOfSpec('No tests found, exiting with code 1')).toThrow('was not run');
  });
});
