import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type * as TypeScript from 'typescript';
import { thrownText } from '../../errors/thrown.js';
import { CliError } from '../cli-error.js';
import { wireTypeOf } from './wire-type.js';

/** What `typed<T>()` names, written out in TypeScript, by where it stands: see {@link typeKey}. */
export type SourceTypes = ReadonlyMap<string, string>;

/** Where a type stands in a contract: `events/user.deleted`, `requests/count-users/reply`. */
export const typeKey = (...path: string[]): string => path.join('/');

/** The app's own compiler: this library needs none. */
function compilerOf(file: string, cwd: string): typeof TypeScript {
  for (const folder of [dirname(file), cwd]) {
    try {
      return createRequire(join(folder, 'package.json'))('typescript') as typeof TypeScript;
    } catch (error) {
      if ((error as { code?: unknown }).code === 'MODULE_NOT_FOUND') continue;
      throw new CliError(`TypeScript could not be loaded: ${thrownText(error)}`, { cause: error });
    }
  }
  throw new CliError('--source needs the package typescript: npm install --save-dev typescript');
}

/** The options of the nearest tsconfig.json; it need not list the file. */
function optionsFor(ts: typeof TypeScript, file: string): TypeScript.CompilerOptions {
  const found = ts.findConfigFile(dirname(file), name => ts.sys.fileExists(name));
  const config: unknown =
    found === undefined ? {} : (ts.readConfigFile(found, name => ts.sys.readFile(name)).config as unknown);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, dirname(found ?? file));
  return { ...options, noEmit: true, skipLibCheck: true, strict: true, incremental: false, composite: false };
}

/**
 * Reads the types of a contract from its source, with the app's own TypeScript. What has a schema is not among them: the
 * schema says more. Rejects with a CliError where the source has no contract of the service.
 */
export function typesOfSource(file: string, service: string, cwd: string): SourceTypes {
  if (!existsSync(file)) throw new CliError(`There is no file ${file}. Check --source.`);
  const ts = compilerOf(file, cwd);
  const program = ts.createProgram([file], optionsFor(ts, file));
  const source = program.getSourceFile(file);
  const found = source && findContract(ts, source, service);
  if (!source || !found) {
    throw new CliError(`${file} has no defineContract('${service}', …). Name the file that has it by --source.`);
  }
  const checker = program.getTypeChecker();
  const types = new Map<string, string>();
  const visit = (type: TypeScript.Type, path: string[]): void => {
    const inner = typedOf(checker, type);
    if (inner !== undefined) types.set(typeKey(...path), wireTypeOf(ts, checker, inner, found));
  };
  for (const kind of checker.getTypeAtLocation(found).getProperties()) {
    for (const entry of checker.getTypeOfSymbolAtLocation(kind, found).getProperties()) {
      const type = checker.getTypeOfSymbolAtLocation(entry, found);
      visit(type, [kind.name, entry.name]);
      if (kind.name !== 'requests') continue;
      for (const side of type.getProperties()) {
        visit(checker.getTypeOfSymbolAtLocation(side, found), [kind.name, entry.name, side.name]);
      }
    }
  }
  return types;
}

/** The second argument of the service's `defineContract`. */
function findContract(
  ts: typeof TypeScript,
  source: TypeScript.SourceFile,
  service: string,
): TypeScript.Expression | undefined {
  let found: TypeScript.Expression | undefined;
  const look = (node: TypeScript.Node): void => {
    if (found) return;
    if (ts.isCallExpression(node) && /(^|\.)defineContract$/.test(node.expression.getText(source))) {
      const [name, shapes] = node.arguments;
      if (name && shapes && ts.isStringLiteralLike(name) && name.text === service) found = shapes;
    }
    ts.forEachChild(node, look);
  };
  look(source);
  return found;
}

/** The `T` of a `Typed<T>`. */
function typedOf(checker: TypeScript.TypeChecker, type: TypeScript.Type): TypeScript.Type | undefined {
  if (type.getSymbol()?.name !== 'Typed') return undefined;
  return checker.getTypeArguments(type as TypeScript.TypeReference)[0];
}
