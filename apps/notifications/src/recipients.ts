import { Inject, Injectable } from '@nestjs/common';
import { eq, sql } from 'drizzle-orm';
import { DATABASE } from '../../shared/database.module.js';
import type { Database, Transaction } from '../../shared/database.js';
import { recipients } from './database/schema.js';

/** Undefined: nothing is known of the user. */
export type Recipient = { email: string | null; cancelled: boolean } | undefined;

/**
 * Where each user's mail goes. Three queues tell of it, and nothing keeps the order between queues: what is older than
 * the known version of a user changes nothing.
 */
@Injectable()
export class Recipients {
  constructor(@Inject(DATABASE) private readonly database: Database) {}

  set(transaction: Transaction, userId: string, email: string, version: number): Promise<void> {
    return this.learn(transaction, userId, email, version);
  }

  /** The version stays, so that a late event does not bring the address back. */
  forget(transaction: Transaction, userId: string, version: number): Promise<void> {
    return this.learn(transaction, userId, null, version);
  }

  async cancel(transaction: Transaction, userId: string): Promise<void> {
    await transaction
      .insert(recipients)
      .values({ userId, version: 0, cancelled: true })
      .onConflictDoUpdate({ target: recipients.userId, set: { cancelled: true } });
  }

  async find(userId: string): Promise<Recipient> {
    const { email, cancelled } = recipients;
    const [row] = await this.database
      .select({ email, cancelled })
      .from(recipients)
      .where(eq(recipients.userId, userId));
    return row;
  }

  private async learn(transaction: Transaction, userId: string, email: string | null, version: number): Promise<void> {
    await transaction
      .insert(recipients)
      .values({ userId, email, version })
      .onConflictDoUpdate({
        target: recipients.userId,
        set: { email, version },
        setWhere: sql`${recipients.version} < ${version}`,
      });
  }
}
