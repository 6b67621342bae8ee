import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { FOLDER, install, run, workFile } from './tool.mjs';

const DEB = join(FOLDER, 'prometheus');
const EXTRACTED = join(DEB, 'usr/bin/promtool');

/** The one of this machine, or that of Debian's package, which is unpacked and not installed: no service starts. */
function promtool() {
  const { status, stdout } = spawnSync('which', ['promtool'], { encoding: 'utf8' });
  if (status === 0) return stdout.trim();
  if (!existsSync(EXTRACTED)) {
    mkdirSync(DEB, { recursive: true });
    const download = ['download', '-qq', 'prometheus'];
    if (!run('apt-get', download, DEB).isOk) {
      // The lists of packages may be missing or old.
      const update = ['apt-get', 'update', '-qq'];
      const [command, ...args] = process.getuid() === 0 ? update : ['sudo', ...update];
      install("Debian's lists of packages", command, args);
      install('promtool', 'apt-get', download, DEB);
    }
    const archive = readdirSync(DEB).find(name => name.endsWith('.deb'));
    install('promtool from its archive', 'dpkg-deb', ['--extract', archive, '.'], DEB);
  }
  return EXTRACTED;
}

/** What Prometheus would refuse in a file of rules, and what its linter finds. */
export function checkRules(file) {
  const { isOk, output } = run(promtool(), ['check', 'rules', '--lint=all', '--lint-fatal', file]);
  return isOk ? [] : [output];
}

/** The same for the queries of a dashboard: each becomes a rule. */
export function checkDashboard(file) {
  const { panels } = JSON.parse(readFileSync(file, 'utf8'));
  const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  if (queries.length === 0) return [`${file} has no queries`];
  // Grafana fills in its variables.
  const rules = queries.map((expr, at) => ({
    record: `panel:query:${at}`,
    expr: expr.replaceAll(/\$__(rate_)?interval/g, '5m'),
  }));
  const text = stringify({ groups: [{ name: 'dashboard', rules }] });
  return checkRules(workFile('dashboard.yml', text)).map(problem => `${file}: ${problem}`);
}
