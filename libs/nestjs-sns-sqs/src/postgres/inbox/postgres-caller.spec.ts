import { EventEmitter } from 'node:events';
import type { SqlPool } from '../../interfaces/sql.interface.js';
import { PostgresCaller } from './postgres-caller.js';

/** A lent connection of `pg`, which tells by an event that it has ended: with no listener, Node throws. */
class EndingConnection extends EventEmitter {
  released: unknown;
  wasHeard = false;

  query = (): Promise<never> => {
    this.wasHeard = this.emit('error', new Error('Connection terminated unexpectedly'));
    return Promise.reject(new Error('Connection terminated unexpectedly'));
  };

  release = (error: unknown): void => void (this.released = error);
}

describe('PostgresCaller', () => {
  it('survives a connection that ends while it is lent, and closes it', async () => {
    const connection = new EndingConnection();
    const pool = { connect: () => Promise.resolve(connection) } as unknown as SqlPool;
    const caller = new PostgresCaller(pool, 1_000);
    await expect(caller.call('SELECT 1', [])).rejects.toThrow('PostgreSQL: Connection terminated unexpectedly');
    expect(connection.wasHeard).toBe(true);
    expect(connection.released).toBe(true);
    expect(connection.listenerCount('error')).toBe(0);
  });
});
