import type { Migration } from '../migration.js';
import { inboxClaimFunctions } from './inbox-claim-functions.js';
import { inboxEndFunctions } from './inbox-end-functions.js';
import { inboxPlaceFunctions } from './inbox-place-functions.js';
import { inboxTables } from './inbox-tables.js';

/** What the inbox needs in a database. */
export const INBOX_MIGRATIONS: readonly Migration[] = [
  {
    name: 'inbox-1',
    statements: schema =>
      [inboxTables, inboxClaimFunctions, inboxEndFunctions, inboxPlaceFunctions].map(part =>
        part(schema).trim().replace(/;$/, ''),
      ),
  },
];
