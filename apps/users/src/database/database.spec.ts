import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from './database.js';
import { users } from './schema.js';

describe('openDatabase', () => {
  it('keeps its rows in a directory, and migrates only what is new', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'users-'));
    try {
      const id = '00000000-0000-4000-8000-000000000001';
      const first = await openDatabase({ directory });
      await first.migrate();
      await first.database.insert(users).values({ id, email: 'ada@example.com', name: 'Ada', version: 1 });
      await first.close();
      const second = await openDatabase({ directory });
      await second.migrate();
      expect(await second.database.select({ id: users.id }).from(users)).toEqual([{ id }]);
      await second.close();
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }, 60_000);

  it('says in one sentence why a server cannot be used', async () => {
    // The discard port: nobody listens there.
    const connection = await openDatabase({ url: 'postgres://users:users@127.0.0.1:9/users' });
    await expect(connection.migrate()).rejects.toThrow(
      /^the database cannot be used: .*ECONNREFUSED.*\. Check DATABASE_URL\.$/,
    );
    await connection.close();
  });
});
