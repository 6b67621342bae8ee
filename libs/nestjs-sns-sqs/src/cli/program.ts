import { Command } from 'commander';
import { VERSION } from '../version.js';
import type { CliCommand, CommandRun } from './command.js';
import { COMMANDS, GROUPS } from './commands.js';
import type { ExitCode } from './exit-codes.js';
import type { CliIo } from './io.js';
import { Output } from './output.js';

/** In characters: help is the same on every terminal, and in the docs. */
const HELP_WIDTH = 100;

export const PROGRAM_NAME = 'nestjs-sns-sqs';

/** The whole command line. `done` gets the exit code of the command that ran. */
export function createProgram(io: CliIo, done: (code: ExitCode) => void): Command {
  const program = new Command(PROGRAM_NAME)
    .description('Reads the topology of a NestJS app, compares it with an AWS account, and exports it.')
    .helpCommand(false);
  const setUp = (command: Command, path: string): Command =>
    command
      .exitOverride()
      .showHelpAfterError(`See: npx ${[PROGRAM_NAME, path, '--help'].filter(Boolean).join(' ')}`)
      .configureHelp({ helpWidth: HELP_WIDTH, showGlobalOptions: false })
      .configureOutput({ writeOut: io.stdout, writeErr: io.stderr, getOutHasColors: () => false })
      .helpOption('-h, --help', 'shows this text');
  setUp(program, '').version(VERSION, '-V, --version', 'shows the version of the library');
  const groups = new Map<string, Command>();
  for (const each of COMMANDS) {
    const words = each.path.split(' ');
    const name = words.pop() as string;
    let parent = program;
    for (const word of words) {
      const group =
        groups.get(word) ??
        setUp(
          parent
            .command(word)
            .description(GROUPS[word] ?? '')
            .helpCommand(false),
          word,
        );
      groups.set(word, group);
      parent = group;
    }
    addCommand(setUp(parent.command(name), each.path), each, io, done);
  }
  return program;
}

function addCommand(command: Command, each: CliCommand, io: CliIo, done: (code: ExitCode) => void): void {
  each
    .configure(command.description(each.summary))
    .option('--json', 'writes one JSON document to stdout')
    .allowExcessArguments(false)
    .action(async () => {
      const options = command.opts<{ json?: boolean }>();
      const run: CommandRun = {
        options: { ...options },
        args: command.args,
        io,
        output: new Output(io, options.json === true),
      };
      done(await each.run(run as CommandRun<never>));
    });
}

/** The command at a path, to show its help. */
export function commandAt(program: Command, path: string): Command {
  return path
    .split(' ')
    .reduce((parent, word) => parent.commands.find(command => command.name() === word) ?? parent, program);
}
