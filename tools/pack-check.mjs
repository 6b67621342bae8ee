// Packs both libraries and puts the tarballs to use as their users do: in a bare CommonJS app on Nest 11, in a bare ESM
// app on Nest 12, and in an app of HTTP and messages, compiled for either. Run and type-checked, in a temporary folder.
// --nest: of one major only. CONSUMER_NODE: another Node to run them on too.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { parseArgs } from 'node:util';

const ROOT = join(import.meta.dirname, '..');
const LIBRARIES = ['local-sns-sqs', 'nestjs-sns-sqs'];
const CONSUMERS = [
  { name: 'cjs-nest11' },
  { name: 'esm-nest12' },
  { name: 'hybrid-esm-nest12', source: 'hybrid' },
  { name: 'hybrid-cjs-nest11', source: 'hybrid', type: 'commonjs', nest: '^11.2.0' },
];
const { values } = parseArgs({ options: { nest: { type: 'string', default: '' } } });
/** Of one command. */
const LIMIT_MS = 240_000;
/** Of both module systems together: as the sources would be if nothing were bundled, loading them would take long. */
const MOST_CHUNKS = 80;
const BIN = join(ROOT, 'node_modules/.bin');
const NODES = [...new Set([process.execPath, process.env.CONSUMER_NODE ?? process.execPath])];
/** Both bare apps compile it beside their own sources. */
const SHARED = 'options.ts';
const STRICT =
  '--strict --exactOptionalPropertyTypes --target es2023 --experimentalDecorators --emitDecoratorMetadata --skipLibCheck'.split(
    ' ',
  );
const NODENEXT = ['--module', 'nodenext'];
/** As TypeScript resolved before it knew `exports`; Nest 12 itself does not resolve so. */
const NODE10 = '--module commonjs --moduleResolution node10 --ignoreDeprecations 6.0'.split(' ');

const work = mkdtempSync(join(tmpdir(), 'pack-check-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

function run(what, cwd, command, ...args) {
  console.log(`\n> ${what}`);
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: LIMIT_MS });
  if (error || status !== 0) {
    console.error(error?.message ?? `${stdout}${stderr}`);
    fail(what);
  }
  return stdout.trim();
}

function fail(what) {
  console.error(`pack check failed: ${what}`);
  process.exit(1);
}

function pack(library) {
  const answer = run(
    `npm pack ${library}`,
    join(ROOT, 'dist/libs', library),
    'npm',
    'pack',
    '--json',
    '--pack-destination',
    work,
  );
  const [{ filename, size, entryCount, files }] = JSON.parse(answer);
  console.log(`${filename}: ${entryCount} files, ${Math.round(size / 1024)} KiB`);
  checkContent(
    library,
    files.map(({ path }) => path),
  );
  return join(work, filename);
}

/** Each source, what it compiles to, once for each module system, and the pages; no test, no script of ours. */
function checkContent(library, files) {
  const sources = readdirSync(join(ROOT, 'libs', library, 'src'), { recursive: true, encoding: 'utf8' }).filter(
    name => name.endsWith('.ts') && !name.endsWith('.spec.ts'),
  );
  // A declaration that we wrote compiles to nothing.
  const code = sources.filter(name => !name.endsWith('.d.ts'));
  const bundled = files.some(file => file.startsWith('esm/chunks/')) && bundledFiles(library, files);
  const compiled = code
    .flatMap(name => [...(bundled ? [] : ['.js']), '.d.ts', '.d.ts.map'].map(end => name.replace(/\.ts$/, end)))
    .concat(bundled || []);
  const { scripts = {}, files: whitelist = [] } = JSON.parse(
    readFileSync(join(ROOT, 'dist/libs', library, 'package.json'), 'utf8'),
  );
  const docs = whitelist.includes('docs')
    ? readdirSync(join(ROOT, 'docs'), { recursive: true, withFileTypes: true })
        .filter(entry => entry.isFile())
        .map(({ parentPath, name }) => relative(ROOT, join(parentPath, name)).split(sep).join('/'))
        .filter(name => !name.startsWith('docs/api/'))
    : [];
  const pages = [...whitelist.filter(name => !['esm', 'cjs', 'src', 'docs'].includes(name)), ...docs];
  const wanted = [
    ...['esm', 'cjs'].flatMap(format => compiled.map(name => `${format}/${name}`)),
    ...sources.map(name => `src/${name}`),
    'cjs/package.json',
    'package.json',
    ...pages,
  ];
  const wrong = [
    ...files.filter(file => !wanted.includes(file)).map(file => `${file} has no place in it`),
    ...wanted.filter(file => !files.includes(file)).map(file => `${file} is missing`),
    ...['README.md', 'LICENSE'].filter(file => !files.includes(file)).map(file => `${file} is missing`),
  ];
  if (Object.keys(scripts).length > 0) wrong.push(`it has scripts: ${Object.keys(scripts).join()}`);
  if (whitelist.length === 0) wrong.push('package.json has no `files`');
  if (wrong.length > 0) fail(`${library}:\n${wrong.join('\n')}`);
}

/** The entries, and what they share. */
function bundledFiles(library, files) {
  const { exports, bin = {} } = JSON.parse(readFileSync(join(ROOT, 'libs', library, 'package.json'), 'utf8'));
  const entries = [...Object.values(exports).flatMap(of => of.import?.default ?? []), ...Object.values(bin)];
  const chunks = files.filter(file => /^(esm|cjs)\/chunks\/[\w.-]+\.js$/.test(file));
  if (chunks.length > MOST_CHUNKS) fail(`${library} is bundled into ${chunks.length} files`);
  return [...new Set([...entries, ...chunks].map(file => file.replace(/^(\.\/)?(esm|cjs)\//, '')))];
}

/** Each declaration leads to its source. */
function checkMaps(library) {
  const folder = join(ROOT, 'dist/libs', library);
  const maps = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.d.ts.map'));
  const lost = maps.filter(name => {
    const { sources } = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    return !sources.every(source => existsSync(join(folder, dirname(name), source)));
  });
  if (maps.length === 0 || lost.length > 0) fail(`${library}: ${lost.join(' ')} of ${maps.length} maps lead nowhere`);
}

// What was built from a source that is no more would be packed too.
for (const built of ['dist/libs', 'dist/modules']) rmSync(join(ROOT, built), { recursive: true, force: true });
run('build the libraries', ROOT, 'npm', 'run', 'build:libs');
const tarballs = LIBRARIES.map(pack);

for (const [index, library] of LIBRARIES.entries()) {
  run(`no any in the declarations of ${library}`, ROOT, process.execPath, 'tools/check-declarations.mjs', library);
  run(`publint ${library}`, ROOT, join(BIN, 'publint'), '--strict', join(ROOT, 'dist/libs', library));
  // Node 10's resolution, Node 16's, ESM and CJS, and the bundlers'.
  run(`attw ${library}`, ROOT, join(BIN, 'attw'), tarballs[index], '--profile', 'strict');
}

const published = publish(JSON.parse(readFileSync(join(ROOT, 'libs', LIBRARIES[0], 'package.json'), 'utf8')).version);
if (published.status !== 0) fail(`npm publish --dry-run: ${published.stdout}${published.stderr}`);
for (const library of LIBRARIES) {
  const of = file => readFileSync(join(ROOT, 'dist/libs', library, file), 'utf8');
  const { repository, homepage, bugs } = JSON.parse(of('package.json'));
  if (repository?.url !== 'git+https://github.com/owner/name.git') fail(`${library} does not name its repository`);
  if (homepage !== 'https://owner.github.io/name/') fail(`${library} does not name its documentation`);
  if (bugs?.url !== 'https://github.com/owner/name/issues') fail(`${library} does not name where bugs go`);
  const relative = [...of('README.md').matchAll(/\]\((?!https?:|#)[^)]+\)/g)].map(([link]) => link);
  if (relative.length > 0) fail(`README.md of ${library} has links that npm cannot follow: ${relative.join(' ')}`);
  checkMaps(library);
}
if (publish('0.0.0-other').status === 0) fail('a tag of another version is published');
// That repository is nobody's: what is built must not name it.
for (const library of LIBRARIES) run(`restore ${library}`, ROOT, process.execPath, 'tools/finish-lib.mjs', library);

/** As on GitHub's runners, for a tag of this version. */
function publish(version) {
  console.log(`\n> npm publish --dry-run of v${version}`);
  const github = { GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: 'owner/name' };
  return spawnSync(process.execPath, ['tools/publish.mjs', '--dry-run'], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: LIMIT_MS,
    env: { ...process.env, ...github, GITHUB_REF_NAME: `v${version}` },
  });
}

/** The consumer's folder, for the module system and the major of Nest that its entry asks for. */
function lay({ name, source = name, type, nest }) {
  const app = join(work, name);
  cpSync(join(ROOT, 'test/consumers', source), app, { recursive: true });
  cpSync(join(ROOT, 'test/consumers', SHARED), join(app, SHARED));
  const manifest = join(app, 'package.json');
  const { dependencies, ...rest } = JSON.parse(readFileSync(manifest, 'utf8'));
  const versions = Object.entries(dependencies).map(([of, version]) => [
    of,
    of.startsWith('@nestjs/') && nest ? nest : version,
  ]);
  writeFileSync(
    manifest,
    JSON.stringify({ ...rest, ...(type && { type }), dependencies: Object.fromEntries(versions) }),
  );
  return app;
}

for (const consumer of CONSUMERS.filter(({ name }) => name.endsWith(`nest${values.nest}`) || values.nest === '')) {
  const { name } = consumer;
  const app = lay(consumer);
  run(`${name}: npm install`, app, 'npm', 'install', '--no-audit', '--no-fund', '--no-package-lock', ...tarballs);
  const isCompiled = existsSync(join(app, 'main.ts'));
  run(
    `${name}: types`,
    app,
    join(BIN, 'tsc'),
    ...STRICT,
    ...NODENEXT,
    ...(isCompiled ? ['--types', 'node', 'main.ts'] : ['--noEmit', 'types.ts', SHARED]),
  );
  if (name === 'cjs-nest11') {
    run(`${name}: types by node10`, app, join(BIN, 'tsc'), ...STRICT, ...NODE10, '--noEmit', 'types.ts', SHARED);
  }
  for (const node of NODES) {
    const version = run(`${name}: run on ${node}`, app, node, '--version');
    const said = run(`${name}: run on Node ${version}`, app, node, 'main.js');
    if (!said.endsWith('consumed')) fail(`${name} ended without consuming its messages: ${said}`);
    console.log('consumed all');
  }
}
console.log('\npack check passed');
