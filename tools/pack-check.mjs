// Packs both libraries and puts the tarballs to use as their users do: in a bare CommonJS app on Nest 11, in a bare ESM
// app on Nest 12, and in an app of HTTP and messages, compiled for either. Run and type-checked, in a temporary folder.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const LIBRARIES = ['local-sns-sqs', 'nestjs-sns-sqs'];
const CONSUMERS = [
  { name: 'cjs-nest11' },
  { name: 'esm-nest12' },
  { name: 'hybrid-esm-nest12', source: 'hybrid' },
  { name: 'hybrid-cjs-nest11', source: 'hybrid', type: 'commonjs', nest: '^11.2.0' },
];
/** Of one command. */
const LIMIT_MS = 240_000;
const BIN = join(ROOT, 'node_modules/.bin');
const STRICT =
  '--strict --target es2023 --module nodenext --experimentalDecorators --emitDecoratorMetadata --skipLibCheck'.split(
    ' ',
  );

const work = mkdtempSync(join(tmpdir(), 'pack-check-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

function run(what, cwd, command, ...args) {
  console.log(`\n> ${what}`);
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: LIMIT_MS });
  if (error || status !== 0) {
    console.error(error?.message ?? `${stdout}${stderr}`);
    console.error(`pack check failed: ${what}`);
    process.exit(1);
  }
  return stdout.trim();
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
  const [{ filename, size, entryCount }] = JSON.parse(answer);
  console.log(`${filename}: ${entryCount} files, ${Math.round(size / 1024)} KiB`);
  return join(work, filename);
}

run('build the libraries', ROOT, 'npm', 'run', 'build:libs');
const tarballs = LIBRARIES.map(pack);

for (const [index, library] of LIBRARIES.entries()) {
  run(`no any in the declarations of ${library}`, ROOT, process.execPath, 'tools/check-declarations.mjs', library);
  run(`publint ${library}`, ROOT, join(BIN, 'publint'), '--strict', join(ROOT, 'dist/libs', library));
  // Node 10 resolution and the bundlers' rules of old are none of ours; Node 16's, ESM and CJS, are.
  run(`attw ${library}`, ROOT, join(BIN, 'attw'), tarballs[index], '--profile', 'node16');
}

for (const library of LIBRARIES) {
  run(
    `npm publish --dry-run ${library}`,
    join(ROOT, 'dist/libs', library),
    'npm',
    'publish',
    '--dry-run',
    '--access',
    'public',
  );
}

/** The consumer's folder, for the module system and the major of Nest that its entry asks for. */
function lay({ name, source = name, type, nest }) {
  const app = join(work, name);
  cpSync(join(ROOT, 'test/consumers', source), app, { recursive: true });
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

for (const consumer of CONSUMERS) {
  const { name } = consumer;
  const app = lay(consumer);
  run(`${name}: npm install`, app, 'npm', 'install', '--no-audit', '--no-fund', '--no-package-lock', ...tarballs);
  const isCompiled = existsSync(join(app, 'main.ts'));
  run(
    `${name}: types`,
    app,
    join(BIN, 'tsc'),
    ...STRICT,
    ...(isCompiled ? ['--types', 'node', 'main.ts'] : ['--noEmit', 'types.ts']),
  );
  const said = run(`${name}: run`, app, process.execPath, 'main.js');
  if (!said.endsWith('consumed')) {
    console.error(`pack check failed: ${name} ended without consuming its messages: ${said}`);
    process.exit(1);
  }
  console.log('consumed all');
}
console.log('\npack check passed');
