import type { Pool } from 'pg';
import type { ContractTransaction } from '../src/testing/contract-outbox.js';

/** A transaction on a connection of its own, which the test ends. */
export async function begin(pool: Pool): Promise<ContractTransaction> {
  const tx = await pool.connect();
  await tx.query('BEGIN');
  const end = async (how: 'COMMIT' | 'ROLLBACK'): Promise<void> => {
    await tx.query(how);
    tx.release();
  };
  return { tx, commit: () => end('COMMIT'), rollback: () => end('ROLLBACK') };
}
