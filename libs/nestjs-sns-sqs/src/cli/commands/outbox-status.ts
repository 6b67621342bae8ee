import { PostgresOutbox } from '../../postgres/outbox/postgres-outbox.js';
import type { CliCommand } from '../command.js';
import { withDatabase, withPool, type DatabaseOptions } from '../database.js';
import { EXIT } from '../exit-codes.js';
import { table } from '../output.js';

const HEAD = ['destination', 'waiting', 'oldest', 'refused', 'scheduled'];
const SHOWN = 20;

/** `outbox status`: exit code 2 where messages were refused. */
export const outboxStatus: CliCommand<DatabaseOptions> = {
  path: 'outbox status',
  summary: 'tells how many messages of the outbox wait, were refused, and are scheduled',
  configure: withDatabase,
  async run({ options, io, output }) {
    const { destinations, refused } = await withPool(options, io, async pool => {
      const outbox = new PostgresOutbox({ pool, schema: options.schema });
      return {
        destinations: await outbox.status(await outbox.destinations()),
        refused: await outbox.refused({ limit: SHOWN }),
      };
    });
    output.result({ destinations, refused: refused.map(({ entry: _entry, ...row }) => row) }, () => {
      const rows = destinations.map(({ destination, waiting, oldestMs, refused, scheduled }) =>
        [destination, waiting, `${(oldestMs / 1_000).toFixed(1)} s`, refused, scheduled].map(String),
      );
      const reasons = refused.map(
        ({ row, type, destination, reason }) => `refused ${row}: ${type} for ${destination}: ${reason}\n`,
      );
      if (rows.length === 0 && reasons.length === 0) return 'The outbox is empty.';
      return table(HEAD, rows) + reasons.join('');
    });
    return destinations.some(each => each.refused > 0) ? EXIT.findings : EXIT.ok;
  },
};
