import type { EventAttributes } from './event-attributes.js';

/** A CloudEvents 1.0 event as it is written into a message body (JSON format, structured mode). */
export interface CloudEvent extends EventAttributes {
  specversion: '1.0';
  id: string;
  source: string;
  type: string;
  /** RFC 3339. */
  time?: string;
  datacontenttype?: string;
  data?: unknown;
  /** Nest's packet metadata: a JSON object of texts, as a string. */
  nestmetadata?: string;
}
