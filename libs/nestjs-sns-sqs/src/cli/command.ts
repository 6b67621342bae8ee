import type { Command } from 'commander';
import type { ExitCode } from './exit-codes.js';
import type { CliIo } from './io.js';
import type { Output } from './output.js';

/** What a command works with. */
export interface CommandRun<Options extends object = Record<string, unknown>> {
  options: Options;
  /** The words after the options, in their order. */
  args: readonly string[];
  io: CliIo;
  output: Output;
}

/** One command of the command line. `--json` and `--help` are every command's. */
export interface CliCommand<Options extends object = never> {
  /** The words that a user types, e.g. `topology print`. */
  path: string;
  /** One line of the help. */
  summary: string;
  /** Adds options and arguments. */
  configure(command: Command): Command;
  /** Rejects with a CliError or an SnsSqsError where the command cannot do its work: then it exits with 1. */
  run(run: CommandRun<Options>): Promise<ExitCode>;
}
