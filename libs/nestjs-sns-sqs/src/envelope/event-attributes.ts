import type { EventMetadata } from '../interfaces/envelope.interface.js';

type Field = Exclude<keyof EventMetadata, 'id' | 'source' | 'type' | 'time'>;

/**
 * What an event may say about itself, beside its id, source, type and time: our field, and the attribute of the
 * CloudEvents document. A field that is added to {@link EventMetadata} does not compile until it has a row here.
 */
export const EVENT_ATTRIBUTES = {
  subject: 'subject',
  sequence: 'sequence',
  correlationId: 'correlationid',
  causationId: 'causationid',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  baggage: 'baggage',
} as const satisfies Record<Field, string>;

export type EventAttribute = (typeof EVENT_ATTRIBUTES)[Field];

/** Our names. */
export type EventFields = Pick<EventMetadata, Field>;
/** CloudEvents' names. */
export type EventAttributes = Partial<Record<EventAttribute, string>>;

const ROWS = Object.entries(EVENT_ATTRIBUTES) as ReadonlyArray<readonly [Field, EventAttribute]>;

/** Those fields that are set. */
export function fieldsOf(from: EventFields): EventFields {
  const fields: EventFields = {};
  for (const [field] of ROWS) {
    const value = from[field];
    if (value !== undefined) fields[field] = value;
  }
  return fields;
}

/** The fields that are set, by their names in the document. */
export function attributesOf(fields: EventFields): EventAttributes {
  const attributes: EventAttributes = {};
  for (const [field, attribute] of ROWS) {
    const value = fields[field];
    if (value !== undefined) attributes[attribute] = value;
  }
  return attributes;
}

/** @param read gives an attribute of the document; undefined: it is not set */
export function readFields(read: (attribute: EventAttribute) => string | undefined): EventFields {
  const fields: EventFields = {};
  for (const [field, attribute] of ROWS) {
    const value = read(attribute);
    if (value !== undefined) fields[field] = value;
  }
  return fields;
}
