import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testIo } from '../../../test/cli-io.js';
import { USERS } from '../../../test/topology-documents.js';
import { runCli } from '../run-cli.js';

const CONTRACT = `interface Typed<T> { readonly type?: T }
const typed = <T>(): Typed<T> => ({});
declare function defineContract(service: string, shapes: object): unknown;
export const users = defineContract('users', { events: { 'user.deleted': typed<{ id: string; at: Date }>() } });
`;

describe('contracts export', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'contracts-'));
    symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'users.json'), JSON.stringify(USERS));
    writeFileSync(join(folder, 'contract.ts'), CONTRACT);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const run = async (...argv: string[]) => {
    const io = testIo({ cwd: folder });
    const code = await runCli(['contracts', 'export', '--from', 'users.json', '--out', 'package', ...argv], io);
    return { code, out: io.out(), err: io.err() };
  };
  const types = (): string => readFileSync(join(folder, 'package/index.d.ts'), 'utf8');

  it('says which payloads are unknown, and what helps', async () => {
    expect(await run()).toEqual({
      code: 0,
      out: `users-contract is in ${join(folder, 'package')}.\n`,
      err: 'events/user.deleted: the payload is `unknown` in the package, because the contract has no schema for it. Name the TypeScript file of the contract by --source, or write a schema.\n',
    });
    expect(types()).toMatch(/\/\*\* A TypeScript type only.* \*\/\nexport type UserDeleted = unknown;/);
  });

  it("writes out the types of the contract's source", async () => {
    expect(await run('--source', 'contract.ts')).toMatchObject({ code: 0, err: '' });
    expect(types()).toContain('export type UserDeleted = {\n  id: string;\n  at: string;\n};');
    // What has a schema is written from its schema.
    expect(types()).toContain('export type UserRegistered = {\n  id: string;\n  email: string;\n  age?: number;\n};');
  });

  it('writes nothing where the source is not the contract', async () => {
    writeFileSync(join(folder, 'contract.ts'), 'export {};');
    const { code, err } = await run('--source', 'contract.ts');
    expect([code, err]).toEqual([1, expect.stringContaining("has no defineContract('users', …)")]);
    expect(() => types()).toThrow(/ENOENT/);
  });
});
