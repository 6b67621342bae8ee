import type { MessageAttribute, MessageAttributes } from '../interfaces/wire.interface.js';

const bytes = (value: string): number => Buffer.byteLength(value, 'utf8');

const attributeBytes = ([name, { DataType, StringValue, BinaryValue }]: [string, MessageAttribute]): number =>
  bytes(name) + bytes(DataType ?? '') + (BinaryValue?.byteLength ?? bytes(StringValue ?? ''));

/** AWS's count: UTF-8 bytes of body, and of attribute names, types and values (quotas-messages). */
export const messageBytes = (body: string, attributes: MessageAttributes): number =>
  bytes(body) + Object.entries(attributes).reduce((sum, entry) => sum + attributeBytes(entry), 0);
