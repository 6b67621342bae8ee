import type { Trace } from '../../interfaces/trace.interface.js';
import type { MessageAttribute, MessageAttributes } from '../../interfaces/wire.interface.js';
import type { OutgoingEntry } from '../publish/outgoing-event.js';

type Kept = Omit<OutgoingEntry, 'origin' | 'attributes'> & {
  attributes: Record<string, KeptAttribute>;
  /** Undefined: it was not traced. */
  trace?: KeptTrace;
};
/** W3C Trace Context of a publish that has ended, and of what it was begun in. */
type KeptTrace = { traceparent: string; parent?: string };
/** A binary value in base64. */
type KeptAttribute = Omit<MessageAttribute, 'BinaryValue'> & { base64?: string };

function keep({ BinaryValue, ...rest }: MessageAttribute): KeptAttribute {
  return BinaryValue === undefined ? rest : { ...rest, base64: Buffer.from(BinaryValue).toString('base64') };
}

function restore({ base64, ...rest }: KeptAttribute): MessageAttribute {
  return base64 === undefined ? rest : { ...rest, BinaryValue: Buffer.from(base64, 'base64') };
}

function keptTrace({ traceparent, parent }: Trace): KeptTrace | undefined {
  if (traceparent === undefined) return undefined;
  return parent === undefined ? { traceparent } : { traceparent, parent };
}

/** The calls that send the message are traced beside its publish, whichever process makes them. */
const endedTrace = (kept: KeptTrace): Trace => ({ ...kept, run: work => work(), end: () => undefined });

/** A message as the text that an outbox keeps. */
export function entryText(entry: OutgoingEntry): string {
  const { origin, attributes, ...rest } = entry;
  const kept: Kept = { ...rest, attributes: mapped(attributes, keep) };
  const trace = origin && keptTrace(origin);
  if (trace) kept.trace = trace;
  return JSON.stringify(kept);
}

/** The message of a text that {@link entryText} made. Throws on any other text. */
export function entryOf(text: string): OutgoingEntry {
  const { attributes, trace, ...rest } = JSON.parse(text) as Kept;
  const entry: OutgoingEntry = { ...rest, attributes: mapped(attributes, restore) satisfies MessageAttributes };
  if (trace) entry.origin = endedTrace(trace);
  return entry;
}

const mapped = <From, To>(values: Record<string, From>, map: (value: From) => To): Record<string, To> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]));

/** The data of the event, for listeners: undefined where a serializer has written something else. */
export function dataOf({ body }: OutgoingEntry): unknown {
  try {
    return (JSON.parse(body) as { data?: unknown } | null)?.data;
  } catch {
    return undefined;
  }
}
