// Where the tools of `npm run docs:manifests` are, and how they are run.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export const FOLDER = join(import.meta.dirname, '../../.tmp/check-manifests');
const PACKAGES = ['kubernetes-models@5.1.0', '@kubernetes-models/keda@2.0.0', '@cdktf/hcl2json@0.21.0'];
const LIMIT_MS = 300_000;

/** The output of a command, and whether it succeeded. */
export function run(command, args, cwd = FOLDER) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: LIMIT_MS });
  return { isOk: status === 0, output: error?.message ?? `${stdout}${stderr}`.trim() };
}

/** Installs what is missing; the check cannot go on without it. */
export function install(name, command, args, cwd) {
  console.log(`installing ${name}`);
  mkdirSync(FOLDER, { recursive: true });
  const { isOk, output } = run(command, args, cwd);
  if (isOk) return;
  console.error(`${name} cannot be installed: ${output}`);
  process.exit(1);
}

/** A file for a tool that reads files. */
export function workFile(name, text) {
  const folder = join(FOLDER, 'work');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** A module of the packages above. */
export async function load(path) {
  const installed = join(FOLDER, 'npm/node_modules', PACKAGES.at(-1).replace(/@[^@]*$/, ''));
  if (!existsSync(installed)) {
    mkdirSync(join(FOLDER, 'npm'), { recursive: true });
    writeFileSync(join(FOLDER, 'npm/package.json'), '{ "private": true }');
    const options = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts'];
    install(PACKAGES.join(', '), 'npm', ['install', ...options, ...PACKAGES], join(FOLDER, 'npm'));
  }
  // A module there finds packages that are installed there.
  const loader = join(FOLDER, 'npm/load.mjs');
  writeFileSync(loader, 'export const load = path => import(path);\n');
  return (await import(pathToFileURL(loader).href)).load(path);
}
