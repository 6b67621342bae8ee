// Checks the prose that users read: `npm run prose`. known.json says how many findings each page, and the sources of each
// library, still have: that number may only fall, and a new page has none. --update: writes known.json, if nothing has
// become worse; --accept: in any case. Paths: shows all findings of these files.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createLinter } from 'textlint';
import { TextlintKernelDescriptor } from '@textlint/kernel';
import markdown from '@textlint/textlint-plugin-markdown';
import maxWordCount from 'textlint-rule-en-max-word-count';
import { plainProse, plainTables, WORDS } from './rules.mjs';
import { pages, sources } from './texts.mjs';

const KNOWN = join(import.meta.dirname, 'known.json');
const { values, positionals } = parseArgs({
  options: { update: { type: 'boolean' }, accept: { type: 'boolean' } },
  allowPositionals: true,
});
const known = existsSync(KNOWN) ? JSON.parse(readFileSync(KNOWN, 'utf8')) : {};

const linter = createLinter({
  descriptor: new TextlintKernelDescriptor({
    filterRules: [],
    plugins: [{ pluginId: 'markdown', plugin: markdown.default ?? markdown, options: true }],
    rules: [
      { ruleId: 'words', rule: maxWordCount.default ?? maxWordCount, options: { max: WORDS.maxWords } },
      { ruleId: 'plain', rule: plainProse, options: true },
      { ruleId: 'plain-tables', rule: plainTables, options: true },
    ],
  }),
});

const all = [...pages(), ...sources()].filter(
  ({ path }) => positionals.length === 0 || positionals.some(part => path.includes(part)),
);
/** Files are moved and divided: the sources of a library count as one. */
const groupOf = path => /^libs\/[\w-]+\/src\//.exec(path)?.[0].slice(0, -1) ?? path;
const findings = new Map();
for (const { path, text } of all) {
  const { messages } = await linter.lintText(text, `${path}.md`);
  const lines = messages.map(
    ({ line, ruleId, message }) => `${path}:${line} ${ruleId}: ${message.replaceAll('\n', ' ')}`,
  );
  findings.set(groupOf(path), [...(findings.get(groupOf(path)) ?? []), ...lines]);
}

if (positionals.length > 0) {
  for (const line of [...findings.values()].flat()) console.log(line);
  process.exit(0);
}
const total = [...findings.values()].flat().length;
const worse = [...findings].filter(([group, lines]) => lines.length > (known[group] ?? 0));
if (values.accept || (values.update && worse.length === 0)) {
  const left = [...findings].filter(([, { length }]) => length > 0).map(([group, { length }]) => [group, length]);
  writeFileSync(KNOWN, `${JSON.stringify(Object.fromEntries(left), undefined, 2)}\n`);
  console.log(`known.json: ${total} findings in ${left.length} places`);
  process.exit(0);
}
for (const [group, lines] of worse) {
  console.error(
    `\n${group}: ${lines.length} findings, ${known[group] ?? 0} known\n  ${lines.slice(0, 40).join('\n  ')}`,
  );
}
const better = [...findings].filter(([group, lines]) => lines.length < (known[group] ?? 0));
if (better.length > 0) console.log(`${better.length} places are better than known: run with --update`);
console.log(`${total} findings in ${all.length} texts, ${worse.length} places worse than known`);
process.exit(worse.length > 0 ? 1 : 0);
