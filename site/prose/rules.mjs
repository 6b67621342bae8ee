// Rules of our own for textlint, after the words of words.json: words to avoid, pronouns at the start of a sentence, the
// passive voice where the verb is none of the field's, and long sentences in table cells.
import { readFileSync } from 'node:fs';
import passiveVoice from 'passive-voice';

export const WORDS = JSON.parse(readFileSync(new URL('words.json', import.meta.url), 'utf8'));
const PASSIVE = new Set(WORDS.passive);
const AVOID = Object.entries(WORDS.avoid).map(([words, instead]) => ({
  words,
  instead,
  pattern: new RegExp(`(?<![\\w-])${words.replaceAll(' ', '\\s+')}(?![\\w-])`, 'i'),
}));
const PRONOUN = new RegExp(`^(?:[-*]\\s+)?(${WORDS.startPronouns.join('|')})\\b`, 'i');

/** The words that a reader reads: code and the targets of links are none. */
export const proseOf = source =>
  source
    .replace(/`[^`]*`/g, 'code')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}/g, '')
    .replace(/\{@link (\w[\w.]*)\}/g, '$1');

export const sentencesOf = prose =>
  prose
    .split(/(?<=[.!?:]["”)]?)\s+(?=["“(]?[A-Z`'])|\n{2,}/)
    .map(sentence => sentence.trim())
    .filter(Boolean);

/** A question, or a heading like one. */
const isQuestion = sentence => /^#*\s*(what|who|which)\b.*\?$/i.test(sentence) || sentence.startsWith('#');

/** What is wrong with a piece of prose. */
export function problemsOf(prose, { isCell = false } = {}) {
  const problems = [];
  for (const sentence of sentencesOf(prose)) {
    for (const { words, instead, pattern } of AVOID) {
      if (pattern.test(sentence)) problems.push(`“${words}”: write ${instead}: ${sentence}`);
    }
    const [, pronoun] = PRONOUN.exec(sentence) ?? [];
    // In a table the noun is in the cell before.
    if (pronoun && !isCell && !isQuestion(sentence))
      problems.push(`begins with “${pronoun}”: name the thing: ${sentence}`);
    for (const { index, offset } of passiveVoice(sentence)) {
      const found = sentence.slice(index, index + offset);
      const verb = found.split(/\s+/).at(-1).toLowerCase();
      if (!PASSIVE.has(verb)) problems.push(`passive “${found}”: say who does it: ${sentence}`);
    }
    const count = sentence.split(/\s+/).length;
    if (isCell && count > WORDS.maxWords) problems.push(`${count} words: ${sentence}`);
  }
  return problems;
}

const rule = (types, options) => context => {
  const { RuleError, report, getSource } = context;
  const look = node => {
    for (const problem of problemsOf(proseOf(getSource(node)), options)) report(node, new RuleError(problem));
  };
  return Object.fromEntries(types.map(type => [context.Syntax[type] ?? type, look]));
};

export const plainProse = rule(['Paragraph', 'Header']);
export const plainTables = rule(['TableCell'], { isCell: true });
