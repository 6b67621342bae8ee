import { createHash } from 'node:crypto';
import { invalidParameterValue, serializationError, unsupportedOperation } from './errors.js';
import { type Input, isRecord, optionalRecord, optionalString } from './input.js';

/** One attribute as it stands on the wire; binary values stay in base64. */
export interface AttributeValue {
  DataType: string;
  StringValue?: string;
  BinaryValue?: string;
}

export interface MessageAttributes {
  values: ReadonlyMap<string, AttributeValue>;
  /** Bytes of names, types and values together. */
  bytes: number;
  md5: string;
}

const NAME = /^[A-Za-z0-9_.-]{1,256}$/;
const RESERVED = /^(aws|amazon)\./i;
const TYPE = /^(String|Number|Binary)(\..+)?$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
export const FORBIDDEN_CHARACTERS = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

const isBinary = (value: AttributeValue): boolean => value.DataType.startsWith('Binary');

const valueBytes = (value: AttributeValue): Buffer =>
  isBinary(value) ? Buffer.from(value.BinaryValue ?? '', 'base64') : Buffer.from(value.StringValue ?? '', 'utf8');

/** The checksum that SDKs verify: names in order, each part with its length, a marker between strings and binaries. */
export function attributesMd5(values: ReadonlyMap<string, AttributeValue>): string {
  const hash = createHash('md5');
  const length = Buffer.alloc(4);
  const part = (bytes: Buffer): void => {
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  for (const name of [...values.keys()].sort()) {
    const value = values.get(name);
    if (!value) continue;
    part(Buffer.from(name, 'utf8'));
    part(Buffer.from(value.DataType, 'utf8'));
    hash.update(Buffer.of(isBinary(value) ? 2 : 1));
    part(valueBytes(value));
  }
  return hash.digest('hex');
}

const attributesBytes = (values: ReadonlyMap<string, AttributeValue>): number => {
  let bytes = 0;
  for (const [name, value] of values) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value.DataType) + valueBytes(value).length;
  }
  return bytes;
};

export const toMessageAttributes = (values: ReadonlyMap<string, AttributeValue>): MessageAttributes | undefined =>
  values.size === 0 ? undefined : { values, bytes: attributesBytes(values), md5: attributesMd5(values) };

function checkName(name: string): void {
  if (!NAME.test(name) || RESERVED.test(name) || name.startsWith('.') || name.endsWith('.') || name.includes('..')) {
    throw invalidParameterValue(
      `The message attribute name '${name}' is invalid. Attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.), at most 256 of them; it must not start with AWS. or Amazon., nor start or end with a period.`,
    );
  }
}

const hasItems = (raw: Input, key: string): boolean => Array.isArray(raw[key]) && raw[key].length > 0;

function readValue(name: string, raw: Input): AttributeValue {
  const DataType = optionalString(raw, 'DataType');
  if (!DataType)
    throw invalidParameterValue(`The message attribute '${name}' must contain a non-empty attribute type.`);
  if (!TYPE.test(DataType) || DataType.length > 256) {
    throw invalidParameterValue(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  }
  if (hasItems(raw, 'StringListValues') || hasItems(raw, 'BinaryListValues')) {
    throw unsupportedOperation('Message attribute list values in SendMessage operation are not supported.');
  }
  const StringValue = optionalString(raw, 'StringValue');
  const BinaryValue = optionalString(raw, 'BinaryValue');
  const value = DataType.startsWith('Binary') ? BinaryValue : StringValue;
  if (!value) {
    throw invalidParameterValue(
      `The message attribute '${name}' must contain a non-empty message attribute value for message attribute type '${DataType}'.`,
    );
  }
  if (StringValue !== undefined && BinaryValue !== undefined) {
    throw invalidParameterValue(`The message attribute '${name}' has more than one value.`);
  }
  if (DataType.startsWith('Binary')) {
    if (!BASE64.test(value)) throw serializationError(`The BinaryValue of '${name}' is not base64.`);
    return { DataType, BinaryValue: value };
  }
  if (FORBIDDEN_CHARACTERS.test(value)) {
    throw invalidParameterValue(`The message attribute '${name}' contains characters outside the allowed set.`);
  }
  if (DataType.startsWith('Number') && !NUMBER.test(value)) {
    throw invalidParameterValue(`Can't cast the value of message (user) attribute '${name}' to a number.`);
  }
  return { DataType, StringValue: value };
}

/** Reads and checks a map of attributes by the rules that SQS and SNS share. */
export function readMessageAttributes(input: Input, key: string): Map<string, AttributeValue> {
  const values = new Map<string, AttributeValue>();
  const raw = optionalRecord(input, key);
  if (!raw) return values;
  for (const [name, value] of Object.entries(raw)) {
    checkName(name);
    values.set(name, readValue(name, isRecord(value) ? value : {}));
  }
  return values;
}
