import { SnsSqsError } from '../errors/sns-sqs.error.js';
import { z } from '../options/schema.js';

/** The schema of this library's tables where no other is named. */
export const POSTGRES_DEFAULT_SCHEMA = 'nestjs_sns_sqs';

const PATTERN = /^[a-z_][a-z0-9_]{0,62}$/;
const RULE = '1 to 63 of a-z 0-9 _, not beginning with a digit';

/** Of the options of outbox and inbox. */
export const schemaName = z.string().regex(PATTERN, `expected ${RULE}`).optional();

/** The schema's name, which becomes a part of statements. Throws INVALID_OPTIONS unless it is a plain one. */
export function checkedSchema(schema: string = POSTGRES_DEFAULT_SCHEMA): string {
  if (PATTERN.test(schema)) return schema;
  throw new SnsSqsError('INVALID_OPTIONS', {
    problem: `The schema ${JSON.stringify(schema)} is not allowed`,
    remedy: `give ${RULE}`,
  });
}

/** As a part of statements: also a word of SQL, such as `user`, is a name in quotes. */
export const quotedSchema = (schema: string): string => `"${schema}"`;
