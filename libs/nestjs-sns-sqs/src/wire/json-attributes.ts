import type { MessageAttributes } from '../interfaces/wire.interface.js';

/** In JSON a binary value is base64; attributes without one are given back as they are. */
export function toJsonAttributes(attributes: MessageAttributes): MessageAttributes {
  if (Object.values(attributes).every(({ BinaryValue }) => BinaryValue === undefined)) return attributes;
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { BinaryValue, ...rest }]) => [
      name,
      // What JSON has in place of bytes.
      BinaryValue
        ? { ...rest, BinaryValue: Buffer.from(BinaryValue).toString('base64') as unknown as Uint8Array }
        : rest,
    ]),
  );
}

/** Puts bytes in the place of base64. */
export function fromJsonAttributes(attributes: MessageAttributes): void {
  for (const name in attributes) {
    const attribute = attributes[name];
    const value: unknown = attribute?.BinaryValue;
    if (attribute && typeof value === 'string') attribute.BinaryValue = new Uint8Array(Buffer.from(value, 'base64'));
  }
}
