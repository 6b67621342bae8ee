import { testIo } from '../../test/cli-io.js';
import { COMMANDS } from './commands.js';
import { VERSION } from '../version.js';
import { runCli } from './run-cli.js';

describe('the command line', () => {
  it.each([[['--help']], ...COMMANDS.map(({ path }) => [[...path.split(' '), '--help']])])(
    '%j writes its help to stdout and exits with 0',
    async argv => {
      const io = testIo();
      expect(await runCli(argv, io)).toBe(0);
      expect(io.out()).toMatch(/^Usage: nestjs-sns-sqs/);
      expect(io.err()).toBe('');
    },
  );

  it.each(['-V', '--version'])('%s writes the version of the package', async flag => {
    const io = testIo();
    expect(await runCli([flag], io)).toBe(0);
    expect(io.out()).toBe(`${VERSION}\n`);
  });

  it.each([
    [['nothing'], /unknown command 'nothing'\n\s*See: npx nestjs-sns-sqs --help/],
    [['dlq', 'list'], /unknown command 'list'[^]*See: npx nestjs-sns-sqs dlq --help/],
    [
      ['topology', 'export', '--app', 'x'],
      /'--format <name>' not specified[^]*See: npx nestjs-sns-sqs topology export --help/,
    ],
    [['topology'], /Usage: nestjs-sns-sqs topology/],
    [['topology', 'prnt'], /unknown command 'prnt'[^]*Did you mean print/],
    [['topology', 'print', '--apq', 'x'], /unknown option '--apq'/],
    [['topology', 'print', 'x'], /too many arguments/],
    [['topology', 'print'], /Name the app/],
    [['topology', 'print', '--app', 'src/app.module.ts'], /is TypeScript\. Build the app first/],
    [['topology', 'print', '--app', 'dist/none.js#App'], /There is no file/],
    [['topology', 'print', '--app', '#App'], /--app takes a file and an export/],
  ])('%j exits with 1 and says why on stderr', async (argv, message) => {
    const io = testIo();
    expect(await runCli(argv, io)).toBe(1);
    expect(io.err()).toMatch(message);
    expect(io.out()).toBe('');
  });
});
