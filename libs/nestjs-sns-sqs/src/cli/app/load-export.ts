import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { thrownText } from '../../errors/thrown.js';
import { CliError } from '../cli-error.js';

/** The words of `--app`. */
export interface ExportSpec {
  file: string;
  /** Undefined: `default`, or the only export. */
  name: string | undefined;
}

/** `dist/app.module.js#AppModule` */
export function parseExportSpec(text: string, cwd: string): ExportSpec {
  const at = text.lastIndexOf('#');
  const [path, name] = at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
  if (path === '' || name === '')
    throw new CliError(`--app takes a file and an export, such as dist/app.module.js#AppModule, not ${text}`);
  const file = isAbsolute(path) ? path : join(cwd, path);
  if (/\.[cm]?tsx?$/.test(path) && !path.endsWith('.d.ts')) {
    throw new CliError(
      `${path} is TypeScript. Build the app first, and name the file that the build writes, such as dist/app.module.js#AppModule.`,
    );
  }
  if (!existsSync(file)) throw new CliError(`There is no file ${file}. Build the app first, or check --app.`);
  return { file, name };
}

type Exports = Record<string, unknown>;

/** CommonJS is seen through `default`; what its names are cannot always be seen from outside. */
const exportsOf = (loaded: Exports): Exports => {
  const inner = loaded['default'];
  return typeof inner === 'object' && inner !== null ? { ...(inner as Exports), ...loaded } : loaded;
};

const isNamed = (name: string): boolean => name !== 'default' && name !== '__esModule' && name !== 'module.exports';

/** The value of an export, of an ES module or a CommonJS one. Rejects with a CliError that names what there is. */
export async function loadExport({ file, name }: ExportSpec): Promise<unknown> {
  let loaded: Exports;
  try {
    loaded = (await import(pathToFileURL(file).href)) as Exports;
  } catch (error) {
    throw new CliError(`${file} could not be loaded: ${thrownText(error)}`, { cause: error });
  }
  const all = exportsOf(loaded);
  const names = Object.keys(all).filter(isNamed);
  const wanted = name ?? (names.length === 1 ? names[0] : undefined) ?? 'default';
  if (all[wanted] === undefined) {
    const there = names.length === 0 ? 'exports nothing' : `exports ${names.join(', ')}`;
    throw new CliError(`${file} has no export ${wanted}: it ${there}. Name one: --app path#Export.`);
  }
  return all[wanted];
}
