import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { CONTESTANTS, SCENARIOS } from '../scenarios.mjs';
import { plot } from './plot.mjs';
import { median, medianWithBounds, spreadOf } from './statistics.mjs';
import { isMet, targetsOf } from './targets.mjs';

const ROOT = new URL('../../', import.meta.url);
const BEGIN = '<!-- results -->';
const END = '<!-- /results -->';

/** Columns of the tables, and how they are headed. */
const COLUMNS = {
  perSecond: 'messages/s',
  callsPerMessage: 'calls per message',
  cpuMicros: 'CPU µs per message',
  p50: 'p50 ms',
  p99: 'p99 ms',
  messagesPerReceive: 'messages per receive',
  inversions: 'order inversions',
  parallelGroups: 'groups side by side',
  settleP50: 'delete p50 ms',
  settleP99: 'delete p99 ms',
  cpuPercent: 'CPU % of a core',
  heapGrowthMb: 'heap growth MB',
  rssMb: 'peak RSS MB',
  loopP50: 'event loop delay p50 ms',
  loopP99: 'event loop delay p99 ms',
  deletesPerMessage: 'delete calls per message',
  dollars: '$ per million messages',
};
const HIDDEN = { even: ['messagesPerReceive'], tail: ['messagesPerReceive'], noop: ['messagesPerReceive'] };

/** Three digits that matter. */
export const rounded = value =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));

export const lineOf = figures =>
  Object.entries(figures)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${rounded(value)}`)
    .join('  ');

/** The medians of each contestant, and of its distance to the first in the same turn. */
export function linesOfTurns(figures) {
  const [first] = figures;
  const of = key => figures.filter(({ contestant }) => contestant === key);
  const base = of(first.contestant);
  return [...new Set(figures.map(({ contestant }) => contestant))]
    .map(key => {
      const own = of(key);
      const beyond = own.map(({ cpuMicros }, at) => cpuMicros - base[at].cpuMicros);
      const { median: middle, low, high } = medianWithBounds(beyond);
      const { perSecond, cpuMicros } = {
        perSecond: median(own.map(each => each.perSecond)),
        cpuMicros: median(own.map(each => each.cpuMicros)),
      };
      return `    ${key.padEnd(13)} ${lineOf({ perSecond, cpuMicros })}  beyond ${first.contestant} ${[middle, low, high].map(rounded).join(', ')}`;
    })
    .join('\n');
}

const withSpread = ({ median, min, max }) =>
  rounded(min) === rounded(max) ? rounded(median) : `${rounded(median)} (${rounded(min)}–${rounded(max)})`;

function tableOf(scenario, runs) {
  const own = runs.filter(run => run.scenario === scenario.key);
  const columns = Object.keys(COLUMNS).filter(
    column => own.some(run => run[column] !== undefined) && !HIDDEN[scenario.key]?.includes(column),
  );
  const rows = scenario.contestants.map(({ key, label }) => {
    const of = own.filter(run => run.contestant === key);
    const cells = columns.map(column => {
      const values = of.map(run => run[column]).filter(value => value !== undefined);
      return values.length === 0 ? '' : withSpread(spreadOf(values));
    });
    return `| ${label} | ${cells.join(' | ')} |`;
  });
  return [
    `### ${scenario.title}`,
    '',
    `| | ${columns.map(column => COLUMNS[column]).join(' | ')} |`,
    `|---|${columns.map(() => '---|').join('')}`,
    ...rows,
    '',
  ].join('\n');
}

const measuredOf = ({ measured, between }) =>
  between ? `${rounded(measured)} (${between.map(rounded).join(' to ')})` : rounded(measured);

const targetRow = target =>
  `| ${target.name} | ${target.atLeast === undefined ? `at most ${target.atMost}` : `at least ${target.atLeast}`} | ${measuredOf(target)} | ${isMet(target) ? 'met' : '**missed**'} |`;

const targetsTable = targets =>
  ['| Target | | Measured | |', '|---|---|---|---|', ...targets.map(targetRow), ''].join('\n');

function markdown({ machine, commit, rounds, seconds, runs, targets }) {
  return [
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; commit ${commit}; ${rounds} rounds in ${seconds} s. Each cell is the median of the rounds, with the least and the most.`,
    '',
    '![Messages per second, and CPU time per message](benchmarks.svg)',
    '',
    targetsTable(targets),
    ...SCENARIOS.map(scenario => tableOf(scenario, runs)),
  ].join('\n');
}

const git = (...args) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();

/** Shortened: the runs are to be read by people too. */
const shortened = run =>
  Object.fromEntries(
    Object.entries(run).map(([name, value]) => [
      name,
      typeof value === 'number' ? Number(value.toPrecision(5)) : value,
    ]),
  );

/** Prints the targets; after a full run writes bench/results.json, and table and plot in docs. */
export async function writeReport(runs, { isFull, seconds, rounds }) {
  const targets = targetsOf(runs);
  for (const target of targets) {
    const { name, atLeast, atMost } = target;
    const wanted = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
    console.log(`${isMet(target) ? 'met   ' : 'MISSED'} ${name}: ${measuredOf(target)}, ${wanted}`);
  }
  if (!isFull) return;
  const machine = { cpu: cpus()[0].model.trim(), cores: cpus().length, node: process.versions.node };
  const commit = git('rev-parse', '--short', 'HEAD');
  const results = { machine, commit, rounds, seconds, targets, runs: runs.map(shortened) };
  const text = JSON.stringify(results, undefined, 1)
    .replace(/\n {3,}/g, ' ')
    .replace(/\n {2}\}/g, ' }');
  await writeFile(new URL('bench/results.json', ROOT), `${text}\n`);
  await writeFile(new URL('docs/benchmarks.svg', ROOT), plot(runs, CONTESTANTS));
  const page = new URL('docs/benchmarks.md', ROOT);
  const old = await readFile(page, 'utf8');
  const [before, rest] = old.split(BEGIN);
  const after = rest.split(END)[1];
  await writeFile(page, `${before}${BEGIN}\n${markdown(results)}${END}${after}`);
  console.log(`wrote bench/results.json, docs/benchmarks.md and docs/benchmarks.svg after ${seconds} s`);
}
