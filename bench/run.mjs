// npm run bench [-- --quick] [--only=noop,even] [--contestants=own,loop] [--rounds=3] [--profile=own]
// npm run bench -- --scale: only what a step costs as the work grows
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runCell } from './lib/run-cell.mjs';
import { ServerProcess } from './lib/server-process.mjs';
import { lineOf, linesOfTurns, writeReport } from './lib/report.mjs';
import { SCENARIOS } from './scenarios.mjs';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    contestants: { type: 'string' },
    rounds: { type: 'string' },
    profile: { type: 'string' },
    scale: { type: 'boolean', default: false },
  },
});
const isFull = !options.quick && !options.only && !options.contestants;
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));
const listed = (list, key) => list === undefined || list.split(',').includes(key);

function installRivals() {
  const folder = new URL('rivals/', import.meta.url);
  if (existsSync(new URL('node_modules/.package-lock.json', folder))) return;
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'inherit' });
}

const contestantsOf = scenario => scenario.contestants.filter(({ key }) => listed(options.contestants, key));

/** The cells of a round, scenario by scenario; contestants take turns at going first. */
function cellsOf(round) {
  return SCENARIOS.filter(({ key }) => listed(options.only, key)).flatMap(scenario => {
    const contestants = contestantsOf(scenario);
    if (scenario.kind === 'turns')
      return contestants.length === 0 ? [] : [{ scenario, contestant: { key: 'all', contestants } }];
    const first = round % Math.max(1, contestants.length);
    return [...contestants.slice(first), ...contestants.slice(0, first)].map(contestant => ({ scenario, contestant }));
  });
}

const execArgvOf = ({ key }) =>
  listed(options.profile ?? '', key) ? ['--cpu-prof', '--cpu-prof-dir=.tmp/profiles', '--cpu-prof-interval=500'] : [];

async function main() {
  if (!(rounds >= 1)) throw new Error('--rounds: expected a number from 1');
  if (cellsOf(0).length === 0) throw new Error('--only or --contestants: there is nothing of that name');
  installRivals();
  const startedAt = Date.now();
  const servers = { stub: await ServerProcess.start('stub'), broker: await ServerProcess.start('broker') };
  const runs = [];
  const failures = [];
  let done = 0;
  const total = cellsOf(0).length * rounds;
  for (let round = 0; round < rounds; round += 1) {
    for (const { scenario, contestant } of cellsOf(round)) {
      const where = { round, scenario: scenario.key, contestant: contestant.key };
      done += 1;
      const place = `${String(done).padStart(3)}/${total}`;
      try {
        const execArgv = execArgvOf(contestant);
        const figures = await runCell(contestant, scenario, servers[scenario.server], { execArgv });
        if (figures.turns) {
          runs.push(...figures.turns.map(each => ({ ...where, ...each })));
          console.log(`${place} ${scenario.key}\n${linesOfTurns(figures.turns)}`);
          continue;
        }
        runs.push({ ...where, ...figures });
        console.log(`${place} ${scenario.key.padEnd(13)} ${contestant.key.padEnd(13)} ${lineOf(figures)}`);
      } catch (error) {
        failures.push({ ...where, error });
        console.error(`${place} could not be measured: ${error.message}`);
      }
    }
  }
  for (const server of Object.values(servers)) server.stop();
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  await writeReport(runs, { isFull: isFull && failures.length === 0, seconds, rounds });
  if (failures.length > 0) {
    console.error(`${failures.length} of ${total} could not be measured; nothing was written`);
    process.exitCode = 1;
  }
}

await (options.scale ? import('./scale.mjs') : main());
