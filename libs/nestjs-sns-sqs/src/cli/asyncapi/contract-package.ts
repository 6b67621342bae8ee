import type { ContractDocument, RequestDocument, TypeDocument } from '../../topology/topology-document.js';
import { commandQueue, domainEventsTopic } from '../../topology/names.js';
import { dataSchema } from './envelope-schema.js';
import { typeOf } from './schema-to-type.js';
import { typeKey, type SourceTypes } from './typed-source.js';

export interface PackageInfo {
  name: string;
  version: string;
}

/** `user.registered` → `UserRegistered` */
export const pascal = (name: string): string =>
  name
    .split(/[^A-Za-z0-9]+/)
    .filter(part => part !== '')
    .map(part => `${part[0]?.toUpperCase()}${part.slice(1)}`)
    .join('')
    .replace(/^(?=\d)/, '_') || '_';

/** Names of types, no two alike. */
class TypeNames {
  private readonly taken = new Set<string>();

  of(name: string): string {
    const plain = pascal(name);
    let free = plain;
    for (let count = 2; this.taken.has(free); count += 1) free = `${plain}${count}`;
    this.taken.add(free);
    return free;
  }
}

/** A schema that converts shows what travels: its input. @param source the type's text, for an entry without a schema */
function declare(name: string, { schema }: Pick<TypeDocument, 'schema'>, source: string | undefined): string {
  if (schema === undefined && source !== undefined) return `export type ${name} = ${source};\n`;
  const root = dataSchema(schema);
  const { description } = root;
  const note = typeof description === 'string' ? `/** ${description.replaceAll('*/', '* /')} */\n` : '';
  return `${note}export type ${name} = ${typeOf({ schema: root, root })};\n`;
}

/** Entries of a contract whose payload is `unknown` without its source: they have no schema. */
export const typeOnlyEntries = ({ events, commands, requests }: ContractDocument): string[] => [
  ...events.flatMap(({ type, schema }) => (schema === undefined ? [typeKey('events', type)] : [])),
  ...commands.flatMap(({ type, schema }) => (schema === undefined ? [typeKey('commands', type)] : [])),
  ...requests.flatMap(({ type, schema, replySchema }) => [
    ...(schema === undefined ? [typeKey('requests', type, 'request')] : []),
    ...(replySchema === undefined ? [typeKey('requests', type, 'reply')] : []),
  ]),
];

/**
 * What other teams need of a contract, without the service: types, JSON Schemas and names. Texts by file name. Pure.
 * @param sources texts of the types that only the source has
 */
export function contractPackage(
  contract: ContractDocument,
  info: PackageInfo,
  sources: SourceTypes = new Map(),
): Record<string, string> {
  const { service, events, commands, requests } = contract;
  const names = new TypeNames();
  const types: string[] = [];
  const section = (title: 'Events' | 'Commands', of: readonly TypeDocument[], what: string): string => {
    const rows = of.map(each => {
      const name = names.of(each.type);
      types.push(declare(name, each, sources.get(typeKey(title.toLowerCase(), each.type))));
      return `  ${JSON.stringify(each.type)}: ${name};\n`;
    });
    return `/** ${what}, by type. */\nexport interface ${title} {\n${rows.join('')}}\n`;
  };
  const asked = requests.map(each => requestRow(each, names, types, sources));
  const maps = [
    section('Events', events, `Payloads of the events that ${service} publishes`),
    section('Commands', commands, `Payloads of the commands that ${service} takes`),
    `/** Requests that ${service} answers. */\nexport interface Requests {\n${asked.join('')}}\n`,
  ];
  const constants = {
    service,
    /** Without the environment's prefix. */
    topic: domainEventsTopic(service),
    commandQueue: commandQueue(service),
    events: events.map(({ type }) => type),
    commands: commands.map(({ type }) => type),
    requests: requests.map(({ type }) => type),
    schemas: schemasOf(contract),
  };
  const entries = Object.entries(constants);
  const values = entries
    .map(([name, value]) => `export const ${name} = ${JSON.stringify(value, null, 2)};\n`)
    .join('\n');
  const cjs = entries.map(([name, value]) => `exports.${name} = ${JSON.stringify(value, null, 2)};\n`).join('\n');
  const declarations = [...types, ...maps, CONSTANTS].join('\n');
  return {
    'package.json': `${JSON.stringify(manifest(info, service), null, 2)}\n`,
    'index.js': values,
    'index.cjs': `'use strict';\n${cjs}`,
    'index.d.ts': declarations,
    'index.d.cts': declarations,
    'schemas.json': `${JSON.stringify(constants.schemas, null, 2)}\n`,
  };
}

function requestRow(
  { type, schema, replySchema }: RequestDocument,
  names: TypeNames,
  types: string[],
  sources: SourceTypes,
): string {
  const [request, reply] = [names.of(type), names.of(`${type}.reply`)];
  const sourceOf = (side: string): string | undefined => sources.get(typeKey('requests', type, side));
  types.push(
    declare(request, { schema }, sourceOf('request')),
    declare(reply, { schema: replySchema }, sourceOf('reply')),
  );
  return `  ${JSON.stringify(type)}: { request: ${request}; reply: ${reply} };\n`;
}

/** JSON Schemas of what has one. */
function schemasOf({ events, commands, requests }: ContractDocument): Record<string, unknown> {
  const all = [
    ...events,
    ...commands,
    ...requests,
    ...requests.map(each => ({ type: `${each.type}.reply`, schema: each.replySchema })),
  ];
  return Object.fromEntries(all.flatMap(({ type, schema }) => (typeof schema === 'object' ? [[type, schema]] : [])));
}

const CONSTANTS = `export declare const service: string;
/** The SNS topic of the events, without the environment's prefix. */
export declare const topic: string;
/** The SQS queue of commands and requests, without the environment's prefix. */
export declare const commandQueue: string;
export declare const events: ReadonlyArray<keyof Events>;
export declare const commands: ReadonlyArray<keyof Commands>;
export declare const requests: ReadonlyArray<keyof Requests>;
/** JSON Schemas by type; of a reply under \`<type>.reply\`. */
export declare const schemas: Readonly<Record<string, object>>;
`;

const manifest = ({ name, version }: PackageInfo, service: string): object => ({
  name,
  version,
  description: `Events, commands and requests of ${service}`,
  type: 'module',
  types: './index.d.ts',
  main: './index.cjs',
  exports: {
    '.': {
      import: { types: './index.d.ts', default: './index.js' },
      require: { types: './index.d.cts', default: './index.cjs' },
    },
    './schemas.json': './schemas.json',
  },
  files: ['index.js', 'index.cjs', 'index.d.ts', 'index.d.cts', 'schemas.json'],
});
