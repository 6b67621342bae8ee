// Publishes both libraries as they were built, those that the registry has already left out: a release that failed
// half-way can be run again. --dry-run: only says what would be. On GitHub's runners the tag must name their version, and
// they name the repository: npm refuses a provenance that their package.json does not agree with (E422).
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseArgs } from 'node:util';

// The library has the broker among its optional peers.
const LIBRARIES = ['local-sns-sqs', 'nestjs-sns-sqs'];
const { values } = parseArgs({ options: { 'dry-run': { type: 'boolean', default: false } } });
const isDry = values['dry-run'];
const { GITHUB_REF_NAME: tag, GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = process.env;

function npm(cwd, ...args) {
  console.log(`> npm ${args.join(' ')}`);
  return spawnSync('npm', args, { cwd, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
}

/** npm shows the README where none of the repository's files are. */
function withAbsoluteLinks(readme, name) {
  // A library without a README of its own has that of the repository.
  const from = existsSync(join(import.meta.dirname, '../libs', name, 'README.md')) ? `libs/${name}` : '';
  return readme.replace(/\]\((?!https?:|#)([^)]+)\)/g, (_, link) => {
    return `](${server}/${repository}/blob/${tag ?? 'main'}/${posix.join(from, link)})`;
  });
}

function orFail({ status, error, stdout }) {
  if (status === 0) return stdout;
  console.error(error?.message ?? stdout);
  process.exit(1);
}

const packages = LIBRARIES.map(name => {
  const folder = join(import.meta.dirname, '../dist/libs', name);
  return { name, folder, version: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version };
});
const others = packages.filter(({ version }) => tag !== undefined && tag !== `v${version}`);
if (others.length > 0) {
  console.error(others.map(({ name, version }) => `the tag is ${tag}, and ${name} is ${version}`).join('\n'));
  process.exit(1);
}
for (const { name, folder, version } of packages) {
  if (repository) {
    const url = `git+${server}/${repository}.git`;
    const place = { type: 'git', url, directory: `libs/${name}` };
    const [owner, project] = repository.split('/');
    const facts = {
      repository: place,
      homepage: `https://${owner}.github.io/${project}/`,
      bugs: { url: `${server}/${repository}/issues` },
    };
    const settings = Object.entries(facts).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
    orFail(npm(folder, 'pkg', 'set', '--json', ...settings));
    const readme = join(folder, 'README.md');
    writeFileSync(readme, withAbsoluteLinks(readFileSync(readme, 'utf8'), name));
  }
  if (!isDry && npm(folder, 'view', `${name}@${version}`, 'version').stdout.trim() === version) {
    console.log(`${name}@${version} is published already`);
    continue;
  }
  console.log(orFail(npm(folder, 'publish', '--access', 'public', isDry ? '--dry-run' : '--provenance')));
}
