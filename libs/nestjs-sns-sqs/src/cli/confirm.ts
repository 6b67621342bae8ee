import { CliError } from './cli-error.js';
import type { CliIo } from './io.js';

/** Asks a person for a yes. Without a person `--yes` has to be given: throws a CliError otherwise. */
export async function confirmed(question: string, { yes }: { yes?: boolean }, io: CliIo): Promise<boolean> {
  if (yes) return true;
  if (!io.isInteractive)
    throw new CliError('This command asks before it acts, and stdin is not a terminal. Give --yes, or --dry-run');
  io.stderr(`${question} [y/N] `);
  return /^y(es)?$/i.test(((await io.readLine()) ?? '').trim());
}
