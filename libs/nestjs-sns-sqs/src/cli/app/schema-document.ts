import type { SchemaDocument } from '../../topology/topology-document.js';

/** The part of Standard JSON Schema that is used (standardschema.dev/json-schema). */
interface StandardJsonSchema {
  '~standard'?: { jsonSchema?: { input?: (options: { target: string }) => unknown } };
}

const TARGET = 'draft-2020-12';

/**
 * The JSON Schema of what travels: the schema's input. `true` where the schema has no such form: its library does not
 * convert it, or a type of it has no equal in JSON Schema. Undefined without a schema.
 */
export function schemaDocument(schema: unknown): SchemaDocument | undefined {
  if (schema === undefined || schema === null || !('~standard' in Object(schema))) return undefined;
  const convert = (schema as StandardJsonSchema)['~standard']?.jsonSchema?.input;
  try {
    const document: unknown = convert?.({ target: TARGET });
    return typeof document === 'object' && document !== null ? (document as Record<string, unknown>) : true;
  } catch {
    return true;
  }
}
