import { migrate, migrationsSql } from '../../postgres/migrations.js';
import type { CliCommand } from '../command.js';
import { withDatabase, withPool, type DatabaseOptions } from '../database.js';
import { EXIT } from '../exit-codes.js';

/** `outbox migrate`: the tables of outbox and inbox in PostgreSQL. */
export const outboxMigrate: CliCommand<DatabaseOptions & { sql?: boolean }> = {
  path: 'outbox migrate',
  summary: 'makes the tables of outbox and inbox in PostgreSQL, or brings them up to date',
  configure: command => withDatabase(command).option('--sql', 'print the statements, and change nothing'),
  async run({ options, io, output }) {
    const { sql, schema } = options;
    if (sql) {
      output.document(migrationsSql(schema));
      return EXIT.ok;
    }
    const applied = await withPool(options, io, pool => migrate(pool, schema));
    output.result({ applied }, () =>
      applied.length === 0 ? 'The tables are up to date.' : `Applied: ${applied.join(', ')}`,
    );
    return EXIT.ok;
  },
};
