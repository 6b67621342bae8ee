import { PostgresOutbox } from '../../postgres/outbox/postgres-outbox.js';
import { CliError } from '../cli-error.js';
import type { CliCommand } from '../command.js';
import { withDatabase, withPool, type DatabaseOptions } from '../database.js';
import { EXIT } from '../exit-codes.js';

interface RequeueOptions extends DatabaseOptions {
  destination?: string;
  row?: string[];
}

/** `outbox requeue`: refused messages go back, behind what waits already. */
export const outboxRequeue: CliCommand<RequeueOptions> = {
  path: 'outbox requeue',
  summary: 'puts messages that AWS has refused back into the outbox: all of them, or those that are named',
  configure: command =>
    withDatabase(command)
      .option('--destination <name>', 'only messages for this one, as `outbox status` writes it')
      .option('--row <numbers...>', 'only these rows, as `outbox status` writes them'),
  async run({ options, io, output }) {
    const { destination, row: rows, schema } = options;
    const wrong = rows?.find(row => !/^\d{1,18}$/.test(row));
    if (wrong !== undefined) throw new CliError(`--row takes numbers, not ${wrong}`);
    const requeued = await withPool(options, io, pool =>
      new PostgresOutbox({ pool, schema }).requeue({
        ...(destination !== undefined && { destination }),
        ...(rows && { rows }),
      }),
    );
    output.result({ requeued }, () => `Put back: ${requeued}`);
    return EXIT.ok;
  },
};
