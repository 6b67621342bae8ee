import { isArrayBufferView } from 'node:util/types';
import { thrownText } from '../errors/thrown.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { EventEnvelope, PacketMetadata } from '../interfaces/envelope.interface.js';
import type { CloudEvent } from './cloud-event.js';
import { writeFields } from './event-attributes.js';
import { textProblem } from './message-text.js';
import { PACKET_METADATA, writePacketMetadata } from './packet-metadata.js';
import { nestingProblem, parseJson } from './parse-json.js';

/** @param packetMetadata of Nest's dispatch hook, if it gave any */
export function toCloudEvent({ metadata, data }: EventEnvelope, packetMetadata?: PacketMetadata): CloudEvent {
  const { id, source, type, time } = metadata;
  const written = writePacketMetadata(packetMetadata);
  const event: CloudEvent = { specversion: '1.0', id, source, type };
  if (time !== undefined) event.time = time;
  writeFields(metadata, event);
  if (written !== undefined) event[PACKET_METADATA] = written;
  event.datacontenttype = 'application/json';
  event.data = data;
  return event;
}

/** How an event ends whose data JSON.stringify has left out: the data is the last of what {@link toCloudEvent} sets. */
const WITHOUT_DATA = '"datacontenttype":"application/json"}';

/** SQS refuses these two characters (SendMessage API), and JSON.stringify writes them as they are. */
const REFUSED = /[\uFFFE\uFFFF]/g;
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16)}`;
/** As keys end. Without the quote in front, which would be looked at each time that one stands in the body. */
const isSuspect = (body: string): boolean => body.includes('__proto__":') || body.includes('constructor":');

function unserializable(type: string, why: string, cause?: unknown): SnsSqsError {
  return new SnsSqsError('UNSERIALIZABLE_DATA', {
    problem: `The data of ${JSON.stringify(type)} cannot be written as JSON: ${why}`,
    remedy:
      'emit plain data, without functions, BigInt, circles, `__proto__` or `constructor.prototype` keys, not nested over 200 levels, and texts that are not cut inside an emoji',
    facts: { type },
    cause,
  });
}

/** What every consumer of this library would dead-letter, in the words of its error; undefined: nothing. */
function consumersProblem(body: string): string | undefined {
  const tooDeep = nestingProblem(body);
  if (tooDeep !== undefined || !isSuspect(body)) return tooDeep;
  try {
    parseJson(body);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Writes an event, or what a serializer made of it, as a message body. Throws UNSERIALIZABLE_DATA. */
export function toBody(type: string, event: unknown): string {
  if (typeof event === 'string') {
    if (event === '') throw unserializable(type, 'the serializer wrote an empty text, which AWS refuses');
    const problem = textProblem(event);
    if (problem !== undefined) throw unserializable(type, `the serializer wrote a text of which ${problem}`);
    return event;
  }
  // As JSON it would be a list of numbers by name.
  if (isArrayBufferView(event)) throw unserializable(type, 'the serializer wrote bytes, and a message body is a text');
  let body: string | undefined;
  try {
    body = JSON.stringify(event);
  } catch (error) {
    throw unserializable(type, thrownText(error).split('\n')[0] ?? '', error);
  }
  if (body === undefined) throw unserializable(type, `it is a ${typeof event}`);
  if (body.endsWith(WITHOUT_DATA) && (event as Partial<CloudEvent>).data !== undefined) {
    throw unserializable(type, 'its toJSON() gives nothing');
  }
  const problem = consumersProblem(body);
  if (problem !== undefined) throw unserializable(type, `consumers refuse it: ${problem}`);
  return body.replace(REFUSED, escaped);
}

/** JSON.stringify would leave such data out without a word. */
export function assertHasJsonForm(type: string, data: unknown): void {
  if (typeof data === 'function' || typeof data === 'symbol') throw unserializable(type, `it is a ${typeof data}`);
}
