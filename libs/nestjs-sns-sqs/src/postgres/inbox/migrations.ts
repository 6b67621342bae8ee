import type { Migration } from '../migration.js';
import { inboxAttemptTimes, inboxClaimFunctions } from './inbox-claim-functions.js';
import { inboxEndFunctions, inboxLetterTimes } from './inbox-end-functions.js';
import { inboxPlaceFunctions } from './inbox-place-functions.js';
import { inboxTables } from './inbox-tables.js';

/** What the inbox needs in a database. */
export const INBOX_MIGRATIONS: readonly Migration[] = [
  step('inbox-1', inboxTables, inboxClaimFunctions, inboxEndFunctions, inboxPlaceFunctions),
  step('inbox-2', inboxAttemptTimes, inboxLetterTimes),
];

function step(name: string, ...parts: ReadonlyArray<(schema: string) => string>): Migration {
  return { name, statements: schema => parts.map(part => part(schema).trim().replace(/;$/, '')) };
}
