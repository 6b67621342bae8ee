import { errorText } from '../errors/aws-errors.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { EventEnvelope, EventMetadata, PacketMetadata } from '../interfaces/envelope.interface.js';
import { readFields, type EventAttribute } from './event-attributes.js';
import { PACKET_METADATA, readPacketMetadata } from './packet-metadata.js';
import { parseErrorText, parseJson } from './parse-json.js';
import { isSnsNotification } from './sns-wrapper.js';

type Document = Record<string, unknown>;

export function unparsable(why: string, cause?: unknown): SnsSqsError {
  return new SnsSqsError('UNPARSABLE_MESSAGE', `The message body is not a CloudEvents 1.0 event: ${why}`, { cause });
}

function parse(text: string, what: string): Document {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw unparsable(`${what} is not acceptable JSON (${errorText(error).slice(0, 200)})`, error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unparsable(`${what} is JSON, but no object`);
  }
  return value as Document;
}

const kind = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value);

function required(document: Document, name: string): string {
  const value = document[name];
  if (value === undefined) throw unparsable(`\`${name}\` is missing`);
  if (typeof value !== 'string') throw unparsable(`\`${name}\` must be a string, not ${kind(value)}`);
  if (value === '') throw unparsable(`\`${name}\` is empty`);
  return value;
}

/** An attribute that is null is not set (CloudEvents JSON format, section 2.2). */
function optional(document: Document, name: string): string | undefined {
  const value = document[name] ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw unparsable(`\`${name}\` must be a string, not ${kind(value)}`);
}

/** What only telemetry needs: anything but a text is not read, and the event is handled all the same. */
function textOf(document: Document, name: string): string | undefined {
  const value = document[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** RFC 3339, as CloudEvents asks for. */
const TIME = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** `23:59:60` is a time of RFC 3339, and none of JavaScript's: a leap second is taken for the one before it. */
const withoutLeapSecond = (time: string): string => time.replace(/:60(?=[.Zz+-])/, ':59');

function timeOf(document: Document): string | undefined {
  const given = optional(document, 'time');
  if (given === undefined) return undefined;
  const time = withoutLeapSecond(given);
  if (TIME.test(time) && !Number.isNaN(Date.parse(time.toUpperCase()))) return time;
  throw unparsable('`time` is no RFC 3339 timestamp');
}

/** CloudEvents lets an extension be an integer too, which a sequence may be. */
function attributeOf(document: Document, name: EventAttribute): string | undefined {
  const value = document[name];
  if (name === 'tracestate' || name === 'baggage') return textOf(document, name);
  return name === 'sequence' && Number.isSafeInteger(value) ? String(value) : optional(document, name);
}

function dataOf(document: Document): unknown {
  if (document['data_base64'] === undefined || document['data_base64'] === null) return document['data'];
  if (document['data'] !== undefined) throw unparsable('it has both `data` and `data_base64`');
  return Buffer.from(required(document, 'data_base64'), 'base64');
}

function packetMetadataOf(document: Document): PacketMetadata | undefined {
  const text = optional(document, PACKET_METADATA);
  if (text === undefined) return undefined;
  try {
    return readPacketMetadata(text);
  } catch (error) {
    throw unparsable(`\`${PACKET_METADATA}\`: ${parseErrorText(error)}`, error);
  }
}

function metadataOf(document: Document): EventMetadata {
  const version = required(document, 'specversion');
  if (version !== '1.0') throw unparsable(`\`specversion\` is ${JSON.stringify(version.slice(0, 20))}, not "1.0"`);
  const time = timeOf(document);
  const metadata: EventMetadata = {
    ...packetMetadataOf(document),
    id: required(document, 'id'),
    source: required(document, 'source'),
    type: required(document, 'type'),
  };
  if (time !== undefined) metadata.time = time;
  return readFields(document, attributeOf, metadata);
}

/** Reads a message body, raw or in SNS's wrapper. Throws UNPARSABLE_MESSAGE, with the reason, on anything else. */
export function decodeBody(body: string): EventEnvelope {
  let document = parse(body, 'the body');
  if (isSnsNotification(document)) document = parse(document.Message, "the message inside SNS's wrapper");
  return { metadata: metadataOf(document), data: dataOf(document) };
}
