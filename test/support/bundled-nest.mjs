// Nest and rxjs as a few files instead of 700. Each spec has modules of its own: it finds, reads and compiles all that it
// loads. Of what it cost before its first test, these took more than half.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const BUNDLED = ['common', 'core', 'microservices', 'testing'];
const IS_BUNDLED = new RegExp(`^@nestjs/(${BUNDLED.join('|')})(/|$)`);
/** Packages that import more of Nest than its four entries, beside those of Nest's own scope. */
const READERS = ['nestjs-cls', 'nestjs-pino', '@nestjs-cls'];
/** What Node adds to the names of a CommonJS module. */
const NO_NAMES = new Set(['__esModule', 'module.exports']);
const RXJS = ['rxjs', 'rxjs/operators'];

/**
 * Jest's `moduleNameMapper` for them. Written to `node_modules/.cache` where that lacks these versions.
 *
 * @param root the workspace's folder
 * @param nest the folder whose `node_modules` has the Nest of this major
 */
export async function bundledNest(root, nest) {
  const scope = join(nest, 'node_modules/@nestjs');
  const entries = entriesOf(root, scope);
  const dir = join(root, 'node_modules/.cache', `nest-${keyOf(root, scope, entries)}`);
  if (!existsSync(dir)) await write({ nest, entries, dir });
  const fileOf = entry =>
    ['rxjs', 'nest'].flatMap(part =>
      readdirSync(join(dir, part))
        .filter(name => name.replace(/\.[cm]js$/, '') === nameOf(entry))
        .map(name => join(dir, part, name)),
    )[0];
  return {
    ...Object.fromEntries(
      [...RXJS, ...entries].map(entry => [`^${entry.replaceAll('.', '\\.')}(\\.js)?$`, fileOf(entry)]),
    ),
    // It would be there twice.
    [`^@nestjs/(${BUNDLED.join('|')})/(?!package\\.json$).*`]:
      '<rootDir>/test/support/bundled-nest.mjs lacks this entry',
  };
}

const nameOf = entry => entry.replace('@nestjs/', '').replaceAll('/', '__');
const manifestOf = folder => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

function keyOf(root, scope, entries) {
  const folders = [
    ...BUNDLED.map(name => join(scope, name)),
    join(root, 'node_modules/rxjs'),
    join(root, 'node_modules/rolldown'),
  ];
  const versions = folders.map(folder => manifestOf(folder).version);
  const sources = [readFileSync(import.meta.filename), JSON.stringify([versions, entries])];
  return sources
    .reduce((hash, source) => hash.update(source), createHash('sha256'))
    .digest('hex')
    .slice(0, 16);
}

/** What specs and installed packages import of the bundled ones. */
function entriesOf(root, scope) {
  const readers = [
    ...readdirSync(scope)
      .filter(name => !BUNDLED.includes(name) && !['cli', 'schematics'].includes(name))
      .map(name => join(scope, name)),
    ...READERS.map(name => join(root, 'node_modules', name)),
  ];
  const found = new Set(BUNDLED.map(name => `@nestjs/${name}`));
  for (const reader of readers) {
    for (const file of readdirSync(reader, { recursive: true, encoding: 'utf8' })) {
      if (!/\.[cm]?js$/.test(file)) continue;
      for (const [, entry] of readFileSync(join(reader, file), 'utf8').matchAll(/['"](@nestjs\/[\w./-]+)['"]/g)) {
        if (IS_BUNDLED.test(entry)) found.add(entry.replace(/\.js$/, ''));
      }
    }
  }
  // Loaded by name, at a moment of its own.
  found.add('@nestjs/microservices/microservices-module');
  return [...found].toSorted();
}

/**
 * A module `\0X` for each entry X, which names all that X exports. Whoever imports from CommonJS must see a name before the
 * module has run.
 */
function namedEntries(nest) {
  const { resolve } = createRequire(join(nest, 'package.json'));
  return {
    name: 'named-entries',
    resolveId(id, importer) {
      if (id.startsWith('\0')) return id;
      return importer?.startsWith('\0') ? resolve(id) : null;
    },
    async load(id) {
      if (!id.startsWith('\0')) return null;
      const entry = id.slice(1);
      const names = Object.keys(await import(pathToFileURL(resolve(entry)).href)).filter(name => !NO_NAMES.has(name));
      return `export { ${names.join()} } from '${entry}';`;
    },
  };
}

async function write({ nest, entries, dir }) {
  const { rolldown } = await import('rolldown');
  const draft = `${dir}.${process.pid}`;
  const isEsm = manifestOf(join(nest, 'node_modules/@nestjs/common')).type === 'module';
  for (const { part, of, format, external } of [
    { part: 'rxjs', of: RXJS, format: 'cjs', external: id => !/^(\.|\/|rxjs)/.test(id) },
    {
      part: 'nest',
      of: entries,
      format: isEsm ? 'es' : 'cjs',
      external: id => !/^[./\0]/.test(id) && !IS_BUNDLED.test(id),
    },
  ]) {
    const bundle = await rolldown({
      input: Object.fromEntries(of.map(entry => [nameOf(entry), `\0${entry}`])),
      external,
      platform: 'node',
      treeshake: false,
      plugins: [namedEntries(nest)],
    });
    const extension = format === 'es' ? 'mjs' : 'cjs';
    await bundle.write({
      dir: join(draft, part),
      format,
      entryFileNames: `[name].${extension}`,
      chunkFileNames: `chunks/[name].${extension}`,
      exports: 'named',
      esModule: true,
      // Names of classes are tokens, and are told in logs.
      keepNames: true,
    });
    await bundle.close();
  }
  try {
    renameSync(draft, dir);
  } catch {
    // Another run was faster.
    rmSync(draft, { recursive: true, force: true });
  }
}
