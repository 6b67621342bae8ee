// Tells a story with the sample services, step by step; exits with 0 only if every step was observed and the story is
// the expected one. --endpoint: an SNS and SQS to use in place of the embedded one; --update: the story becomes the
// expected one, and the README shows its first chapter; --verbose: the services' logs too.
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Narrator } from './narrator.mjs';
import { Queues } from './queues.mjs';
import { startStack } from './stack.mjs';
import { aborted, stopSignal } from './stop-signal.mjs';
import { tellStory } from './story.mjs';

const EXPECTED = join(import.meta.dirname, 'expected-output.txt');
const README = join(import.meta.dirname, '../../README.md');
const LAST_LINES = 40;

const { values } = parseArgs({
  options: { endpoint: { type: 'string' }, update: { type: 'boolean' }, verbose: { type: 'boolean' } },
});
const endpoint = values.endpoint ?? process.env.AWS_ENDPOINT_URL;
// On an endpoint that others use too, every run has queues of its own.
const prefix = endpoint ? `demo-${randomBytes(3).toString('hex')}-` : '';
const signal = stopSignal();
const narrator = new Narrator(signal);

async function main() {
  const onLine = values.verbose ? (name, line) => console.log(`${name.padEnd(13)} | ${line}`) : undefined;
  const given = { endpoint, databaseUrl: process.env.DATABASE_URL, redisUrl: process.env.REDIS_URL };
  const stack = await startStack({ given, prefix, onLine, signal });
  const queues = new Queues({ endpoint: stack.endpoint, prefix, env: stack.env });
  try {
    await Promise.race([tellStory({ narrator, stack, queues, prefix }), aborted(signal)]);
    narrator.chapter('Both services stop.');
    queues.close();
    const ends = (await stack.stop()).filter(end => end !== undefined);
    await narrator.observe('each has finished its work and ended by itself', () =>
      ends.every(end => end.signal === 'SIGTERM' || end.code === 0),
    );
  } catch (error) {
    for (const { name, lines } of signal.aborted ? [] : [stack.users, stack.notifications]) {
      console.error(`\nlast lines of ${name}:\n${lines.slice(-LAST_LINES).join('\n')}`);
    }
    queues.close();
    await stack.stop();
    throw error;
  }
}

function compare() {
  const told = `${narrator.lines.join('\n')}\n`;
  if (values.update) {
    writeFileSync(EXPECTED, told);
    writeFileSync(README, withFirstChapter(readFileSync(README, 'utf8'), told));
  }
  const expected = readFileSync(EXPECTED, 'utf8');
  if (told === expected) return;
  const [toldLines, expectedLines] = [told.split('\n'), expected.split('\n')];
  const at = toldLines.findIndex((line, index) => line !== expectedLines[index]);
  const line = at === -1 ? toldLines.length : at;
  throw new Error(`the story is another than tools/demo/expected-output.txt tells, from line ${line + 1} on:
  expected: ${expectedLines[line] ?? '(the end)'}
  told:     ${toldLines[line] ?? '(the end)'}`);
}

function withFirstChapter(readme, told) {
  const block = `<!-- demo-output -->\n\`\`\`text\n${told.split('\n\n', 1)[0]}\n…\n\`\`\`\n<!-- /demo-output -->`;
  return readme.replace(/<!-- demo-output -->[\s\S]*<!-- \/demo-output -->/, () => block);
}

try {
  await main();
  compare();
  console.log('\nEvery step was observed.');
  process.exit(0);
} catch (error) {
  console.error(`\nThe demo failed: ${error.message}`);
  process.exit(1);
}
