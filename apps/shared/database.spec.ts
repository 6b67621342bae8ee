import { openDatabase } from './database.js';
import { hasPostgres, TestDatabase } from '../../test/support/postgres.js';
import { users } from '../users/src/database/schema.js';

describe('openDatabase', () => {
  const id = '00000000-0000-4000-8000-000000000001';
  const ada = { id, email: 'ada@example.com', name: 'Ada', version: 1 };

  (hasPostgres ? it : it.skip)(
    'keeps its rows, and migrates only what is new, for two services at one time',
    async () => {
      const server = await TestDatabase.create();
      const open = (service: string) => openDatabase({ service, url: server.url });
      const first = await Promise.all(['users', 'users', 'notifications'].map(open));
      await Promise.all(first.map(connection => connection.migrate()));
      await first[0]?.database.insert(users).values(ada);
      await Promise.all(first.map(connection => connection.close()));
      const second = await open('users');
      await second.migrate();
      expect(await second.database.select({ id: users.id }).from(users)).toEqual([{ id }]);
      await second.close();
      await server.drop();
    },
  );

  it('says in one sentence why a server cannot be used', async () => {
    // The discard port: nobody listens there.
    const connection = await openDatabase({ service: 'users', url: 'postgres://users:users@127.0.0.1:9/users' });
    await expect(connection.migrate()).rejects.toThrow(
      /^the database cannot be used: .*ECONNREFUSED.*\. Check DATABASE_URL\.$/,
    );
    await connection.close();
  });
});
