import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliError } from '../cli-error.js';
import { typesOfSource } from './typed-source.js';

/** As this library declares it. */
const LIBRARY = `declare const TYPE: unique symbol;
export interface Typed<T> { readonly [TYPE]?: T }
export declare const typed: <T>() => Typed<T>;
export declare function defineContract(service: string, shapes: object): unknown;
`;

describe('the types of a contract, by its source', () => {
  let folder: string;
  let types: ReadonlyMap<string, string>;
  const file = (name: string): string => join(folder, name);
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'typed-'));
    symlinkSync(join(process.cwd(), 'node_modules'), file('node_modules'));
    writeFileSync(file('library.ts'), LIBRARY);
    writeFileSync(
      file('models.ts'),
      `export enum Plan { Free = 'free', Paid = 'paid' }
      export type Id = string & { readonly brand: 'id' };
      export interface Tree { name: string; children: Tree[] }
      export class Money { constructor(readonly cents: bigint) {} toJSON(): { cents: string } { return { cents: '' } } add(): void {} }
      export interface User {
        id: Id;
        /** Where mails go. */
        email?: string;
        born: Date;
        plan: Plan | null;
        isActive: boolean;
        sizes: readonly [number, number];
        tags: Array<'a' | 'b' | 3>;
        money: Money;
        labels: Record<string, number>;
        'two words': \`x-\${string}\`;
        more: unknown;
        greet(): string;
        later: string | undefined;
      }`,
    );
    writeFileSync(
      file('contract.ts'),
      `import { defineContract, typed } from './library';
      import type { Tree, User } from './models';
      const schema = { '~standard': {} };
      const shared = { 'user.left': typed<Pick<User, 'id'>>() };
      export const other = defineContract('other', { events: { no: typed<{ no: 1 }>() } });
      export const users = defineContract('users', {
        events: { 'user.registered': typed<User>(), ...shared, 'with.schema': schema },
        commands: { plant: typed<Tree>() },
        requests: { count: { request: typed<void>(), reply: typed<number>() }, half: { request: schema, reply: typed<string[]>() } },
      });`,
    );
    types = typesOfSource(file('contract.ts'), 'users', folder);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are written out as they travel, with their comments', () => {
    expect(types.get('events/user.registered')).toBe(
      [
        '{',
        '  id: string;',
        '  /** Where mails go. */',
        '  email?: string;',
        '  born: string;',
        '  plan: null | "free" | "paid";',
        '  isActive: boolean;',
        '  sizes: [number, number];',
        '  tags: Array<"a" | "b" | 3>;',
        '  money: {',
        '    cents: string;',
        '  };',
        '  labels: Record<string, number>;',
        '  "two words": string;',
        '  more: unknown;',
        '  later?: string;',
        '}',
      ].join('\n'),
    );
  });

  it('are found behind spreads, and in requests; what has a schema is left to it', () => {
    expect([...types.keys()].toSorted()).toEqual([
      'commands/plant',
      'events/user.left',
      'events/user.registered',
      'requests/count/reply',
      'requests/count/request',
      'requests/half/reply',
    ]);
    expect(types.get('events/user.left')).toBe('{\n  id: string;\n}');
    expect(types.get('requests/count/reply')).toBe('number');
    expect(types.get('requests/count/request')).toBe('unknown');
  });

  it('are unknown where a type contains itself', () => {
    expect(types.get('commands/plant')).toBe('{\n  name: string;\n  children: Array<unknown>;\n}');
  });

  it('are missed with the file that was named', () => {
    expect(() => typesOfSource(file('models.ts'), 'users', folder)).toThrow(CliError);
    expect(() => typesOfSource(file('models.ts'), 'users', folder)).toThrow(/has no defineContract\('users', …\)/);
    expect(() => typesOfSource(file('none.ts'), 'users', folder)).toThrow(/There is no file/);
  });

  it('need the TypeScript of the app, and say so', () => {
    const bare = mkdtempSync(join(tmpdir(), 'bare-'));
    try {
      writeFileSync(join(bare, 'contract.ts'), '');
      expect(() => typesOfSource(join(bare, 'contract.ts'), 'users', bare)).toThrow(/needs the package typescript/);
    } finally {
      rmSync(bare, { recursive: true });
    }
  });
});
