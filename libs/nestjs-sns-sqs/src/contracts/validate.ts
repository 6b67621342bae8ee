import type { StandardSchemaV1 } from '@standard-schema/spec';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import { isThenable } from '../events/user-code.js';

export interface Issue {
  /** Where, e.g. `address.city`; empty for the whole. */
  path: string;
  message: string;
}

export type Validation = { value: unknown } | { issues: Issue[] };

const keyOf = (segment: PropertyKey | StandardSchemaV1.PathSegment): string =>
  String(typeof segment === 'object' ? segment.key : segment);

function toValidation(result: StandardSchemaV1.Result<unknown>): Validation {
  if (!result.issues) return { value: result.value };
  return {
    issues: result.issues.map(({ path = [], message }) => ({ path: path.map(keyOf).join('.'), message })),
  };
}

/** Checks data by a Standard Schema; what is none lets everything through. Synchronous where the schema is. */
export function validate(schema: unknown, data: unknown): Validation | Promise<Validation> {
  const standard = (schema as Partial<StandardSchemaV1> | undefined)?.['~standard'];
  if (!standard) return { value: data };
  const result = standard.validate(data);
  return isThenable(result) ? Promise.resolve(result).then(toValidation) : toValidation(result);
}

export function violation(what: string, issues: readonly Issue[]): SnsSqsError {
  const list = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
  return new SnsSqsError('CONTRACT_VIOLATION', `${what} does not fit its contract: ${list}`, { facts: { issues } });
}

/** The value as its schema gives it. Throws CONTRACT_VIOLATION. */
export function valueOf(what: string, validation: Validation): unknown {
  if ('issues' in validation) throw violation(what, validation.issues);
  return validation.value;
}
