import type { JsonSchema } from './async-api.js';
import { resolveRef, type Side } from './schema-changes.js';

/** A schema may contain itself, and a type that is written out cannot. */
type Around = ReadonlySet<unknown>;

const NAME = /^[A-Za-z_$][\w$]*$/;

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const key = (name: string): string => (NAME.test(name) ? name : JSON.stringify(name));
const union = (types: readonly string[]): string => [...new Set(types)].join(' | ') || 'never';
const inBrackets = (type: string): string => (/[|&]/.test(type) ? `(${type})` : type);

/** A comment cannot be ended from within. */
const comment = (text: unknown, indent: string): string =>
  typeof text === 'string' && text !== ''
    ? `${indent}/** ${text.replaceAll('*/', '* /').replace(/\s+/g, ' ')} */\n`
    : '';

const PLAIN: Readonly<Record<string, string>> = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  null: 'null',
};

/** The TypeScript type of what a JSON Schema accepts; `unknown` where the schema says too much for a type. Pure. */
export function typeOf(given: Side, indent = '', around: Around = new Set()): string {
  const side = resolveRef(given);
  const { schema } = side;
  if (around.has(schema)) return 'unknown';
  const within = new Set([...around, schema]);
  const inner = (each: unknown): string =>
    isObject(each) ? typeOf({ ...side, schema: each }, indent, within) : 'unknown';
  if ('const' in schema) return JSON.stringify(schema['const']);
  if (Array.isArray(schema['enum'])) return union(schema['enum'].map(each => JSON.stringify(each)));
  const variants = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(variants)) return union(variants.map(inner));
  if (Array.isArray(schema['allOf'])) return schema['allOf'].map(each => inBrackets(inner(each))).join(' & ');
  const { type } = schema;
  if (Array.isArray(type)) {
    return union(type.map(each => typeOf({ ...side, schema: { ...schema, type: each as unknown } }, indent, within)));
  }
  if (type === 'array') return arrayType(schema, inner);
  if (type === 'object' || 'properties' in schema) return objectType(side, indent, within);
  return (typeof type === 'string' ? PLAIN[type] : undefined) ?? 'unknown';
}

function arrayType({ prefixItems, items }: JsonSchema, inner: (each: unknown) => string): string {
  const first = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : undefined;
  return first ? `[${first.map(inner).join(', ')}]` : `Array<${inner(items)}>`;
}

function objectType({ schema, root }: Side, indent: string, around: Around): string {
  const properties = isObject(schema['properties']) ? Object.entries(schema['properties']) : [];
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  const more = schema['additionalProperties'];
  const within = `${indent}  `;
  const typeIn = (each: unknown): string =>
    isObject(each) ? typeOf({ schema: each, root }, within, around) : 'unknown';
  if (properties.length === 0) return `Record<string, ${isObject(more) ? typeIn(more) : 'unknown'}>`;
  const lines = properties.map(([name, each]) => {
    const isRequired = required.includes(name);
    const note = comment(isObject(each) ? each['description'] : undefined, within);
    return `${note}${within}${key(name)}${isRequired ? '' : '?'}: ${typeIn(each)};\n`;
  });
  return `{\n${lines.join('')}${indent}}`;
}
