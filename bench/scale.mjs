// npm run bench -- --scale: what one step costs as the work grows, in CPU time, so that a busy machine changes little.
// Writes bench/scale.json, and table and plot in docs.
import { readFile, writeFile } from 'node:fs/promises';
import { CURVES } from './scale-curves.mjs';
import { plotCurves } from './lib/plot-curves.mjs';

const ROOT = new URL('../', import.meta.url);
const BEGIN = '<!-- scale -->';
const END = '<!-- /scale -->';
/** A curve that rises by more than that from its lowest point to its last one is not flat. */
const FLAT = 3;

const count = size => size.toLocaleString('en-US');

function rowOf({ title, points }) {
  const cells = points.map(({ size, micros }) => `${count(size)}: ${micros.toFixed(2)} µs`);
  return `| ${title} | ${cells.join(', ')} |`;
}

const curves = [];
for (const each of CURVES) {
  const { title, sizes } = each;
  const points = [];
  for (const size of sizes) points.push({ size, micros: Number((await each.measure(size)).toFixed(3)) });
  const curve = { title, points };
  curves.push(curve);
  const rise = points.at(-1).micros / Math.min(...points.map(({ micros }) => micros));
  console.log(`${rise <= FLAT ? 'flat ' : 'RISES'} ${rowOf(curve)}`);
}

await writeFile(new URL('bench/scale.json', ROOT), `${JSON.stringify(curves, undefined, 1)}\n`);
await writeFile(new URL('docs/scale.svg', ROOT), plotCurves(curves));
const page = new URL('docs/benchmarks.md', ROOT);
const [before, rest] = (await readFile(page, 'utf8')).split(BEGIN);
const table = ['| What grows: the step | CPU time of one step |', '|---|---|', ...curves.map(rowOf)].join('\n');
const picture = '![CPU time of one step as the work grows](scale.svg)';
await writeFile(page, `${before}${BEGIN}\n${picture}\n\n${table}\n${END}${rest.split(END)[1]}`);
