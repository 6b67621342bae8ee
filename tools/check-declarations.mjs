// Fails when a public declaration of a built library says `any`: a caller's mistakes would pass through it unseen.
// node tools/check-declarations.mjs <library>
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

const [library = ''] = process.argv.slice(2);
const root = join(import.meta.dirname, '../dist/libs', library);
const { exports } = JSON.parse(ts.sys.readFile(join(root, 'package.json')) ?? '{}');
const entries = Object.values(exports).flatMap(({ import: esm }) => esm?.types ?? []);

/** The declarations of the library that its entries lead to. */
function reachable(paths) {
  const seen = new Set();
  const follow = path => {
    if (seen.has(path)) return;
    if (!ts.sys.fileExists(path)) throw new Error(`${path} is missing: build the library first`);
    seen.add(path);
    const { importedFiles } = ts.preProcessFile(ts.sys.readFile(path));
    for (const { fileName } of importedFiles) {
      if (fileName.startsWith('.')) follow(join(dirname(path), fileName.replace(/\.js$/, '.d.ts')));
    }
  };
  for (const path of paths) follow(path);
  return [...seen];
}

function anysOf(path) {
  const source = ts.createSourceFile(path, ts.sys.readFile(path), ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = node => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      found.push(`${relative(root, path)}:${line + 1}: ${node.parent.getText()}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const files = reachable(entries.map(entry => join(root, entry)));
const found = files.flatMap(anysOf);
for (const line of found) console.error(line);
console.log(`${library}: ${files.length} declarations, ${found.length} times any`);
process.exitCode = found.length > 0 ? 1 : 0;
