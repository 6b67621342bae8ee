// Checks the prose that users read: `npm run prose`. Paths: only files whose path contains one of them.
import { parseArgs } from 'node:util';
import { createLinter } from 'textlint';
import { TextlintKernelDescriptor } from '@textlint/kernel';
import markdown from '@textlint/textlint-plugin-markdown';
import maxWordCount from 'textlint-rule-en-max-word-count';
import { plainProse, plainTables, WORDS } from './rules.mjs';
import { pages, sources } from './texts.mjs';

const { positionals } = parseArgs({ allowPositionals: true });
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
let count = 0;
for (const { path, text } of all) {
  const { messages } = await linter.lintText(text, `${path}.md`);
  count += messages.length;
  for (const { line, ruleId, message } of messages) {
    console.error(`${path}:${line} ${ruleId}: ${message.replaceAll('\n', ' ')}`);
  }
}
console.log(`${count} findings in ${all.length} texts`);
process.exit(count > 0 || all.length === 0 ? 1 : 0);
