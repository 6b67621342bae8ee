import type { EventMetadata } from '../interfaces/envelope.interface.js';

type Field = Exclude<keyof EventMetadata, 'id' | 'source' | 'type' | 'time'>;

/**
 * The optional attributes of an event: our field, and its name in the CloudEvents document. A field that is added to {@link EventMetadata} does not compile until it has a row here.
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

// Each writes into an object that is there: a spread of one of its own costs as much as all the rest of it.

/** Adds those fields that are set. */
export function copyFields<Into extends EventFields>(from: EventFields, into: Into): Into {
  for (const [field] of ROWS) {
    const value = from[field];
    if (value !== undefined) into[field] = value;
  }
  return into;
}

/** Adds the fields that are set, by their names in the document. */
export function writeFields<Into extends EventAttributes>(from: EventFields, into: Into): Into {
  const attributes: EventAttributes = into;
  for (const [field, attribute] of ROWS) {
    const value = from[field];
    if (value !== undefined) attributes[attribute] = value;
  }
  return into;
}

/** @param read gives an attribute of the document; undefined: it is not set */
export function readFields<Document, Into extends EventFields>(
  document: Document,
  read: (document: Document, attribute: EventAttribute) => string | undefined,
  into: Into,
): Into {
  for (const [field, attribute] of ROWS) {
    const value = read(document, attribute);
    if (value !== undefined) into[field] = value;
  }
  return into;
}
