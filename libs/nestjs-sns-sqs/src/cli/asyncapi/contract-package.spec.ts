import ts from 'typescript';
import { USERS } from '../../../test/topology-documents.js';
import type { ContractDocument } from '../../topology/topology-document.js';
import { contractPackage, pascal } from './contract-package.js';
import { typeOf } from './schema-to-type.js';

const [contract] = USERS.contracts;
if (!contract) throw new Error('the fixture has a contract');
const files = contractPackage(contract, { name: '@acme/users', version: '1.2.3' });

/** What TypeScript says of a file that uses the package's declarations. */
function problemsOf(use: string, declarations = files['index.d.ts'] ?? ''): string[] {
  const sources: Record<string, string> = { '/index.d.ts': declarations, '/use.ts': use };
  const host = ts.createCompilerHost({});
  const program = ts.createProgram(
    ['/use.ts'],
    {
      strict: true,
      noEmit: true,
      noLib: true,
      types: [],
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      module: ts.ModuleKind.ESNext,
    },
    {
      ...host,
      getSourceFile: (name, language) =>
        sources[name] === undefined ? undefined : ts.createSourceFile(name, sources[name], language),
      fileExists: name => name in sources,
      readFile: name => sources[name],
      directoryExists: () => true,
    },
  );
  return [...program.getSyntacticDiagnostics(), ...program.getSemanticDiagnostics()].map(({ messageText }) =>
    ts.flattenDiagnosticMessageText(messageText, '\n'),
  );
}

describe('the package of a contract', () => {
  it('has types, names and schemas, and depends on nothing', async () => {
    expect(JSON.parse(files['package.json'] ?? '')).toMatchObject({ name: '@acme/users', version: '1.2.3' });
    expect(files['package.json']).not.toContain('ependencies');
    const loaded: unknown = await import(`data:text/javascript,${encodeURIComponent(files['index.js'] ?? '')}`);
    expect(loaded).toMatchObject({
      service: 'users',
      topic: 'users-domain-events',
      commandQueue: 'users-async-commands.fifo',
      events: ['user.deleted', 'user.registered'],
      requests: ['count-users'],
      schemas: { 'user.registered': { type: 'object' }, 'count-users.reply': { type: 'integer' } },
    });
  });

  it('has declarations that compile, and that know the fields', () => {
    const head = `import type { Events, Requests, UserRegistered } from './index';\n`;
    expect(
      problemsOf(
        `${head}const user: UserRegistered = { id: 'u', email: 'e' }; user.age;\nexport const n: Requests['count-users']['reply'] = 1;`,
      ).filter(notOfLib),
    ).toEqual([]);
    expect(problemsOf(`${head}export const user: Events['user.registered'] = { id: 'u' };`).filter(notOfLib)).toEqual([
      expect.stringContaining('email'),
    ]);
  });

  it('lets no name or text break out of it', () => {
    const hostile: ContractDocument = {
      service: 'x',
      events: [
        {
          type: "a'; process.exit() //",
          schema: { description: '*/ throw 1 /*', type: 'object', properties: { 'b-c"': { const: '*/' } } },
        },
        { type: 'a process exit' },
      ],
      commands: [],
      requests: [],
    };
    const { 'index.d.ts': declarations = '' } = contractPackage(hostile, { name: 'x', version: '1' });
    expect(problemsOf('export {};', declarations).filter(notOfLib)).toEqual([]);
    expect(pascal("a'; process.exit() //")).toBe('AProcessExit');
    expect(declarations).toContain('export type AProcessExit2 = unknown;');
  });
});

/** There is no library of types here. */
const notOfLib = (text: string): boolean =>
  !/^Cannot find global type|^Cannot find name '(Record|Array|Readonly|ReadonlyArray)'/.test(text);

describe('typeOf', () => {
  it.each([
    [{ type: 'string' }, 'string'],
    [{ type: ['integer', 'null'] }, 'number | null'],
    [{ enum: ['a', 1] }, '"a" | 1'],
    [{ anyOf: [{ type: 'string' }, { const: null }] }, 'string | null'],
    [{ allOf: [{ type: 'string' }, { anyOf: [{ type: 'number' }, { type: 'null' }] }] }, 'string & (number | null)'],
    [{ type: 'array', items: { type: 'boolean' } }, 'Array<boolean>'],
    [{ type: 'array', prefixItems: [{ type: 'string' }, {}] }, '[string, unknown]'],
    [{ type: 'object', additionalProperties: { type: 'number' } }, 'Record<string, number>'],
    [{ $ref: '#/$defs/A', $defs: { A: { type: 'string' } } }, 'string'],
    [{}, 'unknown'],
    [{ $ref: '#/$defs/A', $defs: { A: { type: 'array', items: { $ref: '#/$defs/A' } } } }, 'Array<unknown>'],
  ])('of %j is %s', (schema, type) => {
    expect(typeOf({ schema, root: schema })).toBe(type);
  });
});
