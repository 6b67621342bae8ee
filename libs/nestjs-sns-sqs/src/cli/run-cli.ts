import { CommanderError } from 'commander';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import { thrownText } from '../errors/thrown.js';
import { CliError } from './cli-error.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import type { CliIo } from './io.js';
import { createProgram } from './program.js';

/** Runs one command line (without `node` and the script). Resolves to the exit code; never rejects. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  try {
    await createProgram(io, given => (code = given)).parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    // Commander has written its message, and the help that was asked for, already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.error;
    io.stderr(`error: ${textOf(error, io)}\n`);
    return EXIT.error;
  }
}

/** What is not meant for users has a stack, where DEBUG asks for it. */
function textOf(error: unknown, { env }: CliIo): string {
  if (error instanceof SnsSqsError) return `${error.message} (${error.code})`;
  if (error instanceof CliError && !env['DEBUG']) return error.message;
  return env['DEBUG'] && error instanceof Error ? (error.stack ?? error.message) : thrownText(error);
}
