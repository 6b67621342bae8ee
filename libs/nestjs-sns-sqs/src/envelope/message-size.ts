import type { MessageAttribute, MessageAttributes } from '../interfaces/wire.interface.js';

const bytes = (value: string): number => Buffer.byteLength(value, 'utf8');

const attributeBytes = (name: string, { DataType, StringValue, BinaryValue }: MessageAttribute): number =>
  bytes(name) + bytes(DataType ?? '') + (BinaryValue?.byteLength ?? bytes(StringValue ?? ''));

/** AWS's count: UTF-8 bytes of body, and of attribute names, types and values (quotas-messages). */
export function messageBytes(body: string, attributes: MessageAttributes): number {
  let sum = bytes(body);
  for (const name in attributes) sum += attributeBytes(name, attributes[name] ?? {});
  return sum;
}
