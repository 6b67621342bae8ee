/** A command cannot do its work. The message says what is wrong and what to do; the command exits with 1. */
export class CliError extends Error {
  override readonly name = 'CliError';
}
