// Bundles dist/modules/<name>, which tsc wrote, into dist/libs/<name>: a file for each entry of its package.json and for
// what entries share, as ESM and as CommonJS, and the declarations as they are. A service that loads the library then
// reads ten files and not 250 (docs/adr/0046).
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { rolldown } from 'rolldown';

const name = process.argv[2];
const root = join(import.meta.dirname, '..');
const modules = join(root, 'dist/modules', name);
const target = join(root, 'dist/libs', name);

const { exports, bin = {} } = JSON.parse(readFileSync(join(root, 'libs', name, 'package.json'), 'utf8'));
const entries = [...Object.values(exports).flatMap(of => of.import?.default ?? []), ...Object.values(bin)].map(file =>
  file.replace(/^\.\/esm\/|\.js$/g, ''),
);

const bundle = await rolldown({
  input: Object.fromEntries(entries.map(entry => [entry, join(modules, `${entry}.js`)])),
  external: id => !id.startsWith('.') && !isAbsolute(id),
  platform: 'node',
});
for (const [folder, format] of [
  ['esm', 'es'],
  ['cjs', 'cjs'],
]) {
  const dir = join(target, folder);
  rmSync(dir, { recursive: true, force: true });
  await bundle.write({
    dir,
    format,
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
    exports: 'named',
    esModule: true,
    // Names of classes are told in logs.
    keepNames: true,
  });
  cpSync(modules, dir, { recursive: true, filter: file => !file.endsWith('.js') });
}
await bundle.close();
