import { EVENT_ATTRIBUTES } from '../../envelope/event-attributes.js';
import type { SchemaDocument } from '../../topology/topology-document.js';
import type { JsonSchema } from './async-api.js';

const text = (description: string): JsonSchema => ({ type: 'string', description });

const EXTENSIONS: Readonly<Record<keyof typeof EVENT_ATTRIBUTES, string>> = {
  subject: 'The aggregate, usually its id.',
  sequence: 'Position of the event among those of its subject: a whole number as a text.',
  correlationId: 'The conversation that the event belongs to.',
  causationId: 'Id of the event that caused this one.',
  traceparent: 'W3C Trace Context.',
  tracestate: 'W3C Trace Context, the part of the vendors.',
  baggage: 'W3C Baggage.',
};

/** The CloudEvents 1.0 document around every payload (docs/wire-format.md). */
export const CLOUD_EVENT: JsonSchema = {
  type: 'object',
  description: 'The envelope: a CloudEvents 1.0 document in structured mode.',
  required: ['specversion', 'id', 'source', 'type'],
  properties: {
    specversion: { const: '1.0' },
    id: text('Unique among the events of its source. A publish that is tried again keeps it.'),
    source: text('The service that sent it.'),
    type: text('The name of the event, command or request.'),
    time: { type: 'string', format: 'date-time' },
    datacontenttype: { const: 'application/json' },
    ...Object.fromEntries(
      Object.entries(EVENT_ATTRIBUTES).map(([field, name]) => [
        name,
        text(EXTENSIONS[field as keyof typeof EXTENSIONS]),
      ]),
    ),
  },
};

/** What every message has in common: the envelope's media type, and the attribute that SNS filters by. */
export const CLOUD_EVENT_TRAIT = {
  contentType: 'application/cloudevents+json',
  headers: {
    type: 'object',
    required: ['type'],
    properties: {
      type: text('Message attribute of SNS and SQS: the name of the event, for the filters of subscriptions.'),
    },
  },
};

const TYPE_ONLY: JsonSchema = {
  description: 'A TypeScript type only: the contract has no schema of it, and nothing is checked at run time.',
};
const NO_FORM: JsonSchema = { description: 'Checked by a schema that has no form in JSON Schema.' };

/** A payload as it travels. */
export function dataSchema(schema: SchemaDocument | undefined): JsonSchema {
  if (schema === undefined) return TYPE_ONLY;
  if (schema === true) return NO_FORM;
  const { $schema: _, ...rest } = schema;
  return rest;
}

/**
 * The schema as a part of a document: references within it, such as `#/$defs/Address`, lead to where it stands there.
 * @param place e.g. `#/components/schemas/users.user.registered`
 */
export function placedSchema(schema: JsonSchema, place: string): JsonSchema {
  const placed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(placed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key,
        key === '$ref' && typeof inner === 'string' && inner.startsWith('#')
          ? `${place}${inner.slice(1)}`
          : placed(inner),
      ]),
    );
  };
  return placed(schema) as JsonSchema;
}

/** An event of this type, whole. */
export const eventSchema = (type: string, dataRef: string): JsonSchema => ({
  allOf: [
    { $ref: '#/components/schemas/CloudEvent' },
    {
      type: 'object',
      required: ['data'],
      properties: {
        type: type.includes('*') ? { type: 'string', description: `A type that fits ${type}.` } : { const: type },
        data: { $ref: dataRef },
      },
    },
  ],
});
