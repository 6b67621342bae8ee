import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testIo } from '../../test/cli-io.js';
import { COMMANDS } from './commands.js';
import { runCli } from './run-cli.js';

const PAGE = join(process.cwd(), 'docs/cli.md');
const [BEGIN, END] = ['<!-- commands -->', '<!-- end of commands -->'];

async function helpOf(path: string): Promise<string> {
  const io = testIo();
  await runCli([...path.split(' '), '--help'], io);
  return io.out().trimEnd();
}

/** Each command with its help. UPDATE=1 writes it into the page. */
async function sections(): Promise<string> {
  const all = await Promise.all(
    COMMANDS.map(async ({ path }) => `### ${path}\n\n\`\`\`text\n${await helpOf(path)}\n\`\`\``),
  );
  return `${BEGIN}\n\n${all.join('\n\n')}\n\n${END}`;
}

it('docs/cli.md has the help of each command, as --help writes it (UPDATE=1 npm test -- cli/docs)', async () => {
  const page = readFileSync(PAGE, 'utf8');
  const [before = '', rest = ''] = page.split(BEGIN);
  const [, after = ''] = rest.split(END);
  const wanted = `${before}${await sections()}${after}`;
  if (process.env['UPDATE']) writeFileSync(PAGE, wanted);
  expect(readFileSync(PAGE, 'utf8')).toBe(wanted);
});
