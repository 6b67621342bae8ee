import { describeWithPostgres, TestDatabase } from '../../../../../test/support/postgres.js';
import { newToken } from '../../inbox/inbox-key.js';
import type { InboxClaim } from '../../interfaces/inbox-store.interface.js';
import { migrate, migrationsSql } from '../migrations.js';
import { PostgresInboxStore } from './postgres-inbox-store.js';

const LONG_MS = 60_000;
const claimOf = (key: string): InboxClaim => ({ queue: 'q', key, token: newToken() });

/** The steps before this one. */
function sqlBefore(name: string): string {
  const steps = migrationsSql().split(/(?=^DO \$migration\$)/m);
  return steps
    .slice(
      0,
      steps.findIndex(step => step.includes(`m.name = '${name}'`)),
    )
    .join('');
}

describeWithPostgres('The inbox in PostgreSQL, one step after the other', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await TestDatabase.create();
  });
  afterEach(() => database.drop());

  it('serves before inbox-2 without the times of attempts, and counts them from then on', async () => {
    await database.pool.query(sqlBefore('inbox-2'));
    const store = new PostgresInboxStore({ pool: database.pool, commandTimeoutMs: LONG_MS });
    for (const attempt of [1, 2]) {
      const mine = claimOf('.a');
      expect(await store.claim(mine, LONG_MS)).toEqual({ status: 'claimed', attempt });
      expect(await store.release(mine, 'failed')).toBe(true);
    }
    const held = claimOf('.held');
    await store.claim(held, LONG_MS);
    expect(await migrate(database.pool)).toContain('inbox-2');
    const mine = claimOf('.a');
    expect(await store.claim(mine, LONG_MS)).toEqual({ status: 'claimed', attempt: 3, sinceFirstMs: 0 });
    expect(await store.renew([held, mine], LONG_MS)).toEqual([true, true]);
    expect(await store.done(held, { rememberForMs: LONG_MS })).toBe(true);
    expect(await store.claim(claimOf('.held'), LONG_MS)).toEqual({ status: 'done' });
  });

  it('begins the time anew with an event whose record is over', async () => {
    await migrate(database.pool);
    const store = new PostgresInboxStore({ pool: database.pool, commandTimeoutMs: LONG_MS });
    for (const end of ['failed', 'done'] as const) {
      const first = claimOf(`.${end}`);
      await store.claim(first, LONG_MS);
      if (end === 'done') await store.done(first, { rememberForMs: LONG_MS });
      else await store.release(first, 'failed');
      await database.pool.query(
        `UPDATE nestjs_sns_sqs.inbox_events SET forget_at = now(), first_at = now() - interval '1 day', deaths = 3`,
      );
      const second = claimOf(`.${end}`);
      expect(await store.claim(second, LONG_MS)).toEqual({ status: 'claimed', attempt: 1 });
      await store.release(second, 'failed');
      const again = await store.claim(claimOf(`.${end}`), LONG_MS);
      expect(again).toEqual({ status: 'claimed', attempt: 2, sinceFirstMs: expect.any(Number) as number });
      expect('sinceFirstMs' in again && again.sinceFirstMs).toBeLessThan(LONG_MS);
    }
  });
});
