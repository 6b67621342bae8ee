import type { PacketMetadata } from '../interfaces/envelope.interface.js';
import { EVENT_ATTRIBUTES, type EventFields } from './event-attributes.js';
import { parseJson } from './parse-json.js';

/**
 * The CloudEvents extension that carries Nest's packet metadata. Its value is a JSON object of texts, written as a
 * string: an attribute of CloudEvents has no structure, and its name has lower-case letters and digits only.
 */
export const PACKET_METADATA = 'nestmetadata';

/** The event's own attributes: packet metadata of the same names is neither sent nor read. */
const EVENT_NAMES: ReadonlySet<string> = new Set(['id', 'source', 'type', 'time', ...Object.keys(EVENT_ATTRIBUTES)]);
/** W3C trace context, as far as an event has attributes for it. */
const TRACE_NAMES = Object.keys(EVENT_ATTRIBUTES).filter(name => name.startsWith('trace'));

type Texts = Record<string, string>;

/** A copy without undefined values; or the problem, if the argument is no object of texts. */
export function copyPacketMetadata(given: unknown): { texts: Texts } | { problem: string } {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return { problem: 'it is not an object of strings' };
  }
  const entries = Object.entries(given as Record<string, unknown>).filter(([, value]) => value !== undefined);
  const wrong = entries.find(([name, value]) => typeof value !== 'string' || name === '__proto__');
  if (wrong) return { problem: `${JSON.stringify(wrong[0])} is not a string` };
  return { texts: Object.fromEntries(entries) as Texts };
}

/** The trace context and the baggage of a dispatch hook. The trace context is the event's where its record has none of its own. */
export function traceContextOf(metadata: Texts | undefined, { traceparent }: EventFields): EventFields {
  if (metadata === undefined) return {};
  const { baggage } = metadata;
  const trace = traceparent === undefined ? TRACE_NAMES : [];
  return {
    ...(baggage !== undefined && { baggage }),
    ...Object.fromEntries(Object.entries(metadata).filter(([name]) => trace.includes(name))),
  };
}

/** The texts that the event has no attribute for; undefined: none. */
function beside(texts: Texts): Texts | undefined {
  const others = Object.entries(texts).filter(([name]) => !EVENT_NAMES.has(name));
  return others.length > 0 ? Object.fromEntries(others) : undefined;
}

/** The value of {@link PACKET_METADATA}; undefined: nothing is to be written. */
export function writePacketMetadata(metadata: PacketMetadata | undefined): string | undefined {
  const others = metadata && beside(metadata as Texts);
  return others && JSON.stringify(others);
}

/** Reads the text of {@link writePacketMetadata}. Throws an Error that says what is wrong with it. */
export function readPacketMetadata(text: string): PacketMetadata | undefined {
  return besideEvent(parseJson(text));
}

/** Packet metadata that may be joined with an event's attributes. Throws an Error that says what is wrong with it. */
export function besideEvent(given: unknown): PacketMetadata | undefined {
  const copy = copyPacketMetadata(given);
  if ('problem' in copy) throw new Error(copy.problem);
  return beside(copy.texts);
}
