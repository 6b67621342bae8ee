// Takes back one mend after the other, in a copy of the project, and sees what finds it: the schedules under faults, or
// a spec. Prints the table of docs/reliability.md. Fails when one is found by nothing, or when a line that it changes is
// no longer there. --runs: how many schedules are tried at most; --only: mends whose text contains it; --seed.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import ts from 'typescript';
import { findingOfSchedules, findingOfSpec, type Finding } from './finding.ts';
import { MUTANTS, type Mutant } from './mutant-list.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
});
const ROOT = join(import.meta.dirname, '../..');
const SOURCE = 'libs/nestjs-sns-sqs/src';
const BUILT = 'dist/modules/nestjs-sns-sqs';
/** Not copied: what is large or of another matter. */
const LEFT_OUT = new Set(['node_modules', '.git', 'docs', 'bench', 'coverage']);

const copy = mkdtempSync(join(tmpdir(), 'mutants-'));
process.once('exit', () => rmSync(copy, { recursive: true, force: true }));
cpSync(ROOT, copy, { recursive: true, filter: path => !LEFT_OUT.has(basename(path)) });
// Jest's settings read the packages of both majors of Nest.
for (const packages of ['node_modules', 'compat/nest11/node_modules'])
  symlinkSync(join(ROOT, packages), join(copy, packages));

console.log('| Mend taken back | Found by | As | After |\n|---|---|---|---|');
for (const mutant of MUTANTS.filter(({ mend }) => mend.includes(values.only))) {
  const { by, after } = withMutant(mutant, () =>
    typeof mutant.by === 'string' ? bySchedules(mutant.by) : bySpec(mutant.by.spec),
  );
  const where = typeof mutant.by === 'string' ? mutant.by : `\`${mutant.by.spec}\``;
  if (by === '') process.exitCode = 1;
  console.log(`| ${mutant.mend} | ${by === '' ? 'NOTHING' : where} | ${by} | ${after} |`);
}

function withMutant<T>({ file, from, to }: Mutant, act: () => T): T {
  const path = join(copy, SOURCE, file);
  const built = join(copy, BUILT, file.replace(/\.ts$/, '.js'));
  const [source, before] = [readFileSync(path, 'utf8'), readFileSync(built, 'utf8')];
  if (source.split(from).length !== 2) throw new Error(`${file} has not once: ${from}`);
  const changed = source.replace(from, () => to);
  writeFileSync(path, changed);
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
  writeFileSync(built, ts.transpileModule(changed, { compilerOptions }).outputText);
  try {
    return act();
  } finally {
    writeFileSync(path, source);
    writeFileSync(built, before);
  }
}

function bySchedules(which: Mutant['by'] & string): Finding {
  const args = [`--runs=${values.runs}`, `--seed=${values.seed}`, '--shrink=0'];
  if (which === 'outbox schedules') args.push('--outbox');
  const output = run(['--disable-warning=TimeoutOverflowWarning', join(copy, 'test/faults/run.ts'), ...args]);
  return findingOfSchedules(output, Number(values.runs));
}

function bySpec(pattern: string): Finding {
  const jest = join(copy, 'node_modules/jest/bin/jest.js');
  const args = ['--ignoreProjects', 'nest11', '--maxWorkers=1', '--testPathPatterns', pattern];
  const output = run(['--experimental-vm-modules', jest, ...args]);
  return findingOfSpec(output);
}

function run(args: string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8', maxBuffer: 2 ** 28 });
  return `${stdout}\n${stderr}`;
}
