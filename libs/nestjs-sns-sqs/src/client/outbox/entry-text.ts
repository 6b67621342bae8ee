import type { MessageAttribute, MessageAttributes } from '../../interfaces/wire.interface.js';
import type { OutgoingEntry } from '../publish/outgoing-event.js';

type Kept = Omit<OutgoingEntry, 'origin' | 'attributes'> & { attributes: Record<string, KeptAttribute> };
/** A binary value in base64. */
type KeptAttribute = Omit<MessageAttribute, 'BinaryValue'> & { base64?: string };

function keep({ BinaryValue, ...rest }: MessageAttribute): KeptAttribute {
  return BinaryValue === undefined ? rest : { ...rest, base64: Buffer.from(BinaryValue).toString('base64') };
}

function restore({ base64, ...rest }: KeptAttribute): MessageAttribute {
  return base64 === undefined ? rest : { ...rest, BinaryValue: Buffer.from(base64, 'base64') };
}

/** A message as the text that an outbox keeps. */
export function entryText(entry: OutgoingEntry): string {
  const kept: Kept = { ...entry, attributes: mapped(entry.attributes, keep) };
  return JSON.stringify({ ...kept, origin: undefined });
}

/** The message of a text that {@link entryText} made. Throws on any other text. */
export function entryOf(text: string): OutgoingEntry {
  const { attributes, ...rest } = JSON.parse(text) as Kept;
  return { ...rest, attributes: mapped(attributes, restore) satisfies MessageAttributes };
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
