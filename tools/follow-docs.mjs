// Follows docs/getting-started.md to the letter, as a new user does: in fresh apps that `nest new` makes, with the packed
// libraries. Each is built, started beside `local-sns-sqs`, asked by the page's `curl`, and tested by the page's test.
// --only: the apps whose name contains this, such as nest12 or jest. --keep: leaves the apps in the temporary folder.
// Nest 12 with jest needs Node 24.9 or newer, as `npm run` gives it.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const ROOT = join(import.meta.dirname, '..');
const SCHEMATICS = join(ROOT, 'node_modules/@angular-devkit/schematics-cli/bin/schematics.js');
const LIBRARIES = ['local-sns-sqs', 'nestjs-sns-sqs'];
/** What `nest new` calls esm is tested with vitest, what it calls cjs with jest. */
const APPS = [
  { name: 'nest12-vitest', nest: 12, type: 'esm' },
  { name: 'nest12-jest', nest: 12, type: 'cjs' },
  { name: 'nest11-vitest', nest: 11, type: 'esm' },
  { name: 'nest11-jest', nest: 11, type: 'cjs' },
];
const LIMIT_MS = 300_000;
/** A machine that is shared may be slow. */
const READY_MS = 120_000;
const POLL_MS = 100;
const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, keep: { type: 'boolean', default: false } },
});

const page = readFileSync(join(ROOT, 'docs/getting-started.md'), 'utf8');
const work = mkdtempSync(join(tmpdir(), 'follow-docs-'));
/** As in a shell: npm tells its children how it was called itself. */
const ENV = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
const running = new Set();
process.on('exit', () => {
  for (const child of running) stopGroup(child);
  if (!values.keep) rmSync(work, { recursive: true, force: true });
});

/** Blocks of the page by language, in its order. */
const blocks = language =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, text]) => text);
const shell = contained => {
  const found = blocks('sh').find(text => text.includes(contained));
  if (!found) fail(`docs/getting-started.md has no block with ${contained}`);
  return found;
};

function fail(message) {
  console.error(`follow-docs failed: ${message}`);
  process.exit(1);
}

function run(what, cwd, command, args, env = {}) {
  console.log(`> ${what}`);
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: LIMIT_MS,
    env: { ...ENV, ...env },
  });
  if (error || status !== 0) fail(`${what}\n${error?.message ?? `${stdout}${stderr}`}`);
  return { stdout, all: `${stdout}${stderr}` };
}

/** A command of the page, in the shell; resolves when it has printed `ready`. */
async function start(what, cwd, script, ready) {
  console.log(`> ${what}`);
  const child = spawn('bash', ['-c', script], { cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: ENV });
  running.add(child);
  let output = '';
  const seen = waitForText => () => waitForText.test(output);
  const note = chunk => void (output += chunk);
  child.stdout.on('data', note);
  child.stderr.on('data', note);
  const until = async (text, isThere) => {
    const end = performance.now() + READY_MS;
    while (!isThere()) {
      if (child.exitCode !== null || performance.now() > end) fail(`${what}: no ${text}\n${output}`);
      await pause(POLL_MS);
    }
  };
  await until(ready, seen(ready));
  return { child, until: text => until(text, () => output.includes(text)) };
}

function stopGroup(child) {
  running.delete(child);
  try {
    process.kill(-child.pid, 'SIGTERM');
  } catch {
    // it has ended
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return String(port);
}

/** A fresh app, by the schematic that `nest new` calls. It makes apps of Nest 12; for 11 the versions are changed. */
function freshApp({ name, nest, type }) {
  const app = join(work, name);
  const options = { name, type, directory: name, language: 'ts', 'package-manager': 'npm', observe: false };
  const settings = Object.entries(options).map(([option, value]) => `--${option}=${value}`);
  const schematic = join(ROOT, 'node_modules/@nestjs/schematics:application');
  run(`${name}: nest new`, work, process.execPath, [SCHEMATICS, schematic, ...settings, '--no-dry-run']);
  const manifest = join(app, 'package.json');
  const text = readFileSync(manifest, 'utf8');
  if (nest === 11)
    writeFileSync(
      manifest,
      text.replace(/("@nestjs\/(?:common|core|platform-express|testing)": )"[^"]+"/g, '$1"^11.2.0"'),
    );
  run(`${name}: npm install`, app, 'npm', ['install', '--no-audit', '--no-fund', '--no-package-lock']);
  return app;
}

/** Step 1, with the packed libraries in place of those of the registry, and Nest's packages of the app's major. */
function install(app, { name, nest }, tarballs) {
  const commands = shell('npm install nestjs-sns-sqs').trim().split('\n');
  for (const command of commands) {
    const [, ...args] = command
      .replace(/(?<= )(local-sns-sqs|nestjs-sns-sqs)(?= |$)/g, library => tarballs[library])
      .replace('@nestjs/microservices', `@nestjs/microservices@${nest}`)
      .split(' ');
    run(`${name}: ${command}`, app, 'npm', [...args, '--no-audit', '--no-fund', '--no-package-lock']);
  }
}

/** Steps 2 and 3, and the test. A CommonJS app leaves out the `.js`, as the page says. */
function writeFiles(app, { type }) {
  for (const code of blocks('ts')) {
    const file = /^\/\/ (src\/[\w.-]+\.ts)\n/.exec(code)?.[1];
    if (!file) fail(`a block of the page names no file:\n${code}`);
    mkdirSync(dirname(join(app, file)), { recursive: true });
    writeFileSync(join(app, file), type === 'cjs' ? code.replace(/(from '\.\/[^']+)\.js'/g, "$1'") : code);
  }
}

async function follow(given, tarballs) {
  const { name } = given;
  const app = freshApp(given);
  install(app, given, tarballs);
  writeFiles(app, given);

  // Other ports than the page's, since this machine may use them.
  const [broker, http] = [await freePort(), await freePort()];
  const ports = text => text.replaceAll('4566', broker).replaceAll(':3000', `:${http}`);
  const sqs = await start(
    `${name}: ${shell('npx local-sns-sqs').trim()}`,
    app,
    ports(shell('npx local-sns-sqs')),
    /SNS and SQS at/,
  );
  const service = await start(
    `${name}: npm start`,
    app,
    `export PORT=${http}\n${ports(shell('npm start'))}`,
    /successfully started/,
  );
  const curl = shell('curl -i').trim();
  const retried = `${ports(curl)} -s --retry 20 --retry-connrefused --retry-delay 1`;
  const { stdout: answer } = run(`${name}: ${curl}`, app, 'bash', ['-c', retried]);
  if (!answer.includes(' 202 ')) fail(`${name}: the answer is not 202\n${answer}`);
  const [line = ''] = blocks('text');
  await service.until(line.trim());
  console.log(`${name} logs: ${line.trim()}`);
  stopGroup(service.child);
  stopGroup(sqs.child);

  // jest tells its results on the other stream.
  const { all: tested } = run(`${name}: npm test`, app, 'npm', ['test'], { NO_COLOR: '1' });
  if (!/2 passed/.test(tested)) fail(`${name}: not both specs were run\n${tested}`);
}

console.log('> pack the libraries');
const tarballs = Object.fromEntries(
  LIBRARIES.map(library => {
    const { stdout } = run(`npm pack ${library}`, join(ROOT, 'dist/libs', library), 'npm', [
      'pack',
      '--json',
      '--pack-destination',
      work,
    ]);
    const [{ filename }] = JSON.parse(stdout);
    return [library, join(work, filename)];
  }),
);
const only = values.only.split(',');
for (const app of APPS.filter(({ name }) => only.some(part => name.includes(part)))) {
  await follow(app, tarballs);
}
console.log('\nfollow-docs passed');
process.exit(0);
