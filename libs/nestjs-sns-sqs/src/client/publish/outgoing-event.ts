import { randomUUID } from 'node:crypto';
import type { ProducerSerializer } from '@nestjs/microservices';
import { SERIALIZER_TIMEOUT_MS } from '../../constants.js';
import { assertHasJsonForm, toBody, toCloudEvent } from '../../envelope/encode.js';
import type { CloudEvent } from '../../envelope/cloud-event.js';
import { copyFields } from '../../envelope/event-attributes.js';
import { textProblem } from '../../envelope/message-text.js';
import { copyPacketMetadata, traceContextOf } from '../../envelope/packet-metadata.js';
import { conversationOf, handledEvent } from '../../events/conversation.js';
import { inTime, silenced } from '../../events/user-code.js';
import { quoted } from '../../logging/printable.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import type { ClientOptionsBase } from '../../interfaces/client-options.interface.js';
import type { EventMetadata, PacketMetadata } from '../../interfaces/envelope.interface.js';
import type { Trace } from '../../interfaces/trace.interface.js';
import type { MessageAttributes, OutgoingSqsMessage } from '../../interfaces/wire.interface.js';
import { invalidRecord, isAllowedId } from '../../record-builders/record-builder.js';
import { isRecord, type RecordOptions } from '../../record-builders/record.js';
import { ofSource } from './own-ids.js';

export interface OutgoingEntry extends Omit<OutgoingSqsMessage, 'id'> {
  /** Its size as AWS counts it; undefined: it was not counted yet. */
  bytes?: number;
}

/** Where a client's events go, as far as their form depends on it. */
export interface Destination {
  /** Looked at when there is something to publish, not before. */
  readonly source: string;
  fifo: boolean;
  /** True: SNS, whose filter policies look at the attributes. */
  filters?: boolean;
  /** For error messages. */
  name: string;
}

/** An event that is sure of its place and its ids; its body is written by {@link toEntry}. */
export interface OutgoingEvent {
  metadata: EventMetadata;
  data: unknown;
  options: RecordOptions;
  packetMetadata?: Record<string, string>;
  /** Undefined: it is not traced. */
  origin?: Trace;
  awsTraceHeader?: string;
  /** On FIFO: nothing named its group, and no other message has it. */
  isAlone?: boolean;
  /** Size of the message, once it is written. */
  bytes?: number;
}

function chosenId(
  what: 'group id' | 'deduplication id',
  own: string | undefined,
  compute: () => string | undefined,
): string | undefined {
  if (own !== undefined) return own;
  const computed = silenced(compute());
  if (computed === undefined) return undefined;
  if (typeof computed !== 'string' || !isAllowedId(computed)) {
    throw invalidRecord(
      `the client's option gave the ${what} ${quoted(computed)}`,
      'AWS takes 1 to 128 alphanumeric and punctuation characters',
    );
  }
  return computed;
}

function groupMissing(type: string, destination: string): SnsSqsError {
  return new SnsSqsError('GROUP_ID_MISSING', {
    problem: `${quoted(type)} for ${destination} has no message group, and a FIFO queue keeps order by it`,
    remedy:
      "emit `new SqsRecordBuilder(data).setGroupId(user.id).build()`, or give the client the option `groupId: (pattern, data) => …`, or `groupId: 'none'` if these messages need no order",
    facts: { type, destination },
  });
}

/** Any control character: SNS accepts a tab, and its filters then drop the message. */
const CONTROL = /\p{Cc}/u;

function isBrokenJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return false;
  } catch {
    return true;
  }
}

/** Throws INVALID_RECORD for a text that AWS refuses as an attribute, or with which SNS drops the message. */
function assertAttribute(what: string, value: string, { filters = false, name }: Destination): void {
  const problem = textProblem(value);
  if (problem !== undefined) {
    throw invalidRecord(
      `${what} ${quoted(value)}: ${problem}`,
      'cut texts between characters, and leave out what AWS refuses',
    );
  }
  if (filters && (CONTROL.test(value) || isBrokenJson(value))) {
    throw invalidRecord(
      `${what} ${quoted(value)} would be accepted by ${name}, and SNS's filter policies then drop the message without an error (FilteredOut-InvalidAttributes)`,
      'leave out tabs and line ends, and text that begins like JSON and is none; or put it into the data',
    );
  }
}

function assertAttributes(attributes: MessageAttributes, destination: Destination): void {
  for (const [name, { StringValue }] of Object.entries(attributes)) {
    if (StringValue !== undefined) assertAttribute(`attribute ${name}`, StringValue, destination);
  }
}

let allowedType = '';
let allowedForFilters = false;

/** As {@link assertAttribute}. One type follows itself again and again, and is looked at once. */
function assertType(type: string, destination: Destination): void {
  const { filters = false } = destination;
  if (type === allowedType && (allowedForFilters || !filters)) return;
  assertAttribute('the pattern', type, destination);
  allowedType = type;
  allowedForFilters = filters;
}

let stampedMs = NaN;
let stamp = '';

/** Now, in ISO 8601: written once for all events of one millisecond. */
function timestamp(): string {
  const ms = Date.now();
  if (ms !== stampedMs) {
    stampedMs = ms;
    stamp = new Date(ms).toISOString();
  }
  return stamp;
}

/** What FIFO takes for the same message: the user's own id counts with its source, a random one of ours as it is. */
const eventDeduplicationId = (source: string, given: string | undefined, id: string): string =>
  given === undefined ? id : ofSource(source, given);

/**
 * A group that no other message has. What says by itself which message it is, twice the same one, has the same group
 * twice: FIFO deduplicates by group.
 */
const groupOfItsOwn = (source: string, ownId: string | undefined): string =>
  ownId === undefined ? randomUUID() : ofSource(source, ownId);

/** A copy, since the hook's owner may go on changing it. Throws INVALID_RECORD for what is no object of texts. */
function checkedPacketMetadata(given: PacketMetadata): Record<string, string> {
  const copy = copyPacketMetadata(given);
  if ('texts' in copy) return copy.texts;
  throw invalidRecord(`the metadata that Nest's dispatch hook attached: ${copy.problem}`, 'attach texts by name');
}

const NO_OPTIONS: Readonly<RecordOptions> = {};

/**
 * Gives data, or a record, its metadata and ids. Throws GROUP_ID_MISSING, INVALID_RECORD or UNSERIALIZABLE_DATA.
 * @param isRequest on FIFO it gets a group of its own where nothing names one: requests are not ordered; so does
 * everything of a client with `groupId: 'none'`
 */
export function prepare(
  type: string,
  input: unknown,
  destination: Destination,
  ids: Pick<ClientOptionsBase, 'groupId' | 'deduplicationId' | 'conversation'>,
  isRequest = false,
): OutgoingEvent {
  const isPlain = !isRecord(input);
  const data: unknown = isPlain ? input : input.data;
  const options = isPlain ? NO_OPTIONS : input.options;
  if (type === '') throw invalidRecord('the pattern is empty', "give the event's type");
  assertHasJsonForm(type, data);
  assertType(type, destination);
  if (options.attributes) assertAttributes(options.attributes, destination);
  const { fifo, source } = destination;
  const id = options.id ?? randomUUID();
  const ownDeduplicationId = fifo
    ? chosenId('deduplication id', options.deduplicationId, () => ids.deduplicationId?.(type, data))
    : undefined;
  const isUnordered = isRequest || ids.groupId === 'none';
  const computeGroupId = ids.groupId === 'none' ? undefined : ids.groupId;
  const namedGroupId = chosenId('group id', options.groupId, () => computeGroupId?.(type, data));
  const groupId =
    namedGroupId ?? (fifo && isUnordered ? groupOfItsOwn(source, ownDeduplicationId ?? options.id) : undefined);
  if (fifo && groupId === undefined) throw groupMissing(type, destination.name);
  if (fifo && options.delaySeconds !== undefined) {
    throw invalidRecord(`a delay on ${destination.name}: FIFO queues refuse one`, 'leave out setDelaySeconds()');
  }
  const deduplicationId = fifo ? (ownDeduplicationId ?? eventDeduplicationId(source, options.id, id)) : undefined;
  const metadata: EventMetadata = { id, source, type, time: timestamp() };
  const handled = ids.conversation === false ? undefined : handledEvent();
  if (handled) Object.assign(metadata, conversationOf(handled));
  if (!isPlain) copyFields(options, metadata);
  const packetMetadata = options.packetMetadata && checkedPacketMetadata(options.packetMetadata);
  if (packetMetadata) Object.assign(metadata, traceContextOf(packetMetadata, options));
  const resolved: RecordOptions = isPlain ? {} : { ...options };
  if (groupId !== undefined) resolved.groupId = groupId;
  if (deduplicationId !== undefined) resolved.deduplicationId = deduplicationId;
  const event: OutgoingEvent = { metadata, data, options: resolved };
  if (groupId !== undefined && namedGroupId === undefined) event.isAlone = true;
  if (packetMetadata) event.packetMetadata = packetMetadata;
  return event;
}

/** Writes the event's body: at once, or in time where a serializer does it. Throws UNSERIALIZABLE_DATA, or rejects with it. */
export function toEntry(
  event: OutgoingEvent,
  serializer: ProducerSerializer | undefined,
): OutgoingEntry | Promise<OutgoingEntry> {
  const cloudEvent = toCloudEvent(event, event.packetMetadata);
  return serializer ? serialized(event, serializer, cloudEvent) : entryOf(event, cloudEvent);
}

async function serialized(
  event: OutgoingEvent,
  serializer: ProducerSerializer,
  cloudEvent: CloudEvent,
): Promise<OutgoingEntry> {
  const { metadata, data, packetMetadata } = event;
  const packet = { pattern: metadata.type, data, ...(packetMetadata && { metadata: packetMetadata }) };
  const written: unknown = serializer.serialize(packet, { event: cloudEvent });
  return entryOf(event, await inTime(written, SERIALIZER_TIMEOUT_MS, () => hung(metadata.type)));
}

// Each optional field is set by itself: a spread costs as much as all the rest of an entry.
function entryOf({ metadata, options, origin, awsTraceHeader }: OutgoingEvent, written: unknown): OutgoingEntry {
  const attributes: MessageAttributes = { type: { DataType: 'String', StringValue: metadata.type } };
  if (options.attributes) Object.assign(attributes, options.attributes);
  const entry: OutgoingEntry = { body: toBody(metadata.type, written), attributes };
  if (options.groupId !== undefined) entry.groupId = options.groupId;
  if (options.deduplicationId !== undefined) entry.deduplicationId = options.deduplicationId;
  if (options.delaySeconds !== undefined) entry.delaySeconds = options.delaySeconds;
  if (awsTraceHeader !== undefined) entry.awsTraceHeader = awsTraceHeader;
  if (origin) entry.origin = origin;
  return entry;
}

const hung = (type: string): SnsSqsError =>
  new SnsSqsError('UNSERIALIZABLE_DATA', {
    problem: `The serializer did not end within ${SERIALIZER_TIMEOUT_MS} ms for ${quoted(type)}, which is not sent`,
    remedy: 'let the serializer give its result, or reject, in time',
    facts: { type },
  });
