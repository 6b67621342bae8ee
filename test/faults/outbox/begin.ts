import type { SqlPool } from 'nestjs-sns-sqs/postgres';

export type Transaction = Awaited<ReturnType<typeof begin>>;

/** A transaction of a script's own. */
export async function begin(pool: SqlPool) {
  const connection = await pool.connect();
  await connection.query('BEGIN');
  const end = async (how: 'COMMIT' | 'ROLLBACK'): Promise<void> => {
    await connection.query(how);
    connection.release();
  };
  return { tx: connection, commit: () => end('COMMIT'), rollback: () => end('ROLLBACK') };
}
