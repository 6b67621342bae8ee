// Which specs load no Nest: they cannot differ between its majors, so they run once.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Every module that a source names, but for types, which are erased. */
const MODULES =
  /\b(?:import|export)\s+(?!type\b)(?:[\w\s{},*$]*?\sfrom\s*)?'([^']+)'|\bimport(?:\.meta\.resolve)?\(\s*'([^']+)'/g;

/**
 * The specs in these folders from which no chain of imports leads to Nest, as paths below `root`. A chain that this does not see fails
 * the spec: where these run, Nest is not to be found.
 *
 * @param aliases what the workspace's packages stand for, as in Jest's `moduleNameMapper`
 */
export function specsWithoutNest(root, folders, aliases) {
  const modules = new Map();

  function modulesOf(file) {
    if (!modules.has(file)) {
      const source = existsSync(file) ? readFileSync(file, 'utf8') : '';
      modules.set(
        file,
        [...source.matchAll(MODULES)].map(([, named, called]) => named ?? called),
      );
    }
    return modules.get(file);
  }

  function fileOf(specifier, from) {
    if (specifier.startsWith('.')) return join(dirname(from), specifier.replace(/\.js$/, '.ts'));
    const [pattern, path] = Object.entries(aliases).find(([each]) => new RegExp(each).test(specifier)) ?? [];
    return pattern && specifier.replace(new RegExp(pattern), path).replace('<rootDir>', root);
  }

  function reachesNest(spec) {
    const files = new Set([spec]);
    for (const file of files) {
      for (const specifier of modulesOf(file)) {
        if (specifier.startsWith('@nestjs/')) return true;
        const next = fileOf(specifier, file);
        if (next) files.add(next);
      }
    }
    return false;
  }

  return folders
    .flatMap(folder =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(name => `${folder}/${name}`),
    )
    .filter(name => name.endsWith('spec.ts') && !reachesNest(join(root, name)));
}
