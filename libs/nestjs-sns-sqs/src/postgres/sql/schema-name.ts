export const DEFAULT_SCHEMA = 'nestjs_sns_sqs';

const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/;

/** A name that needs no escape. */
export const isSchemaName = (name: unknown): name is string => typeof name === 'string' && SCHEMA.test(name);
