import { Inject, Injectable, Logger } from '@nestjs/common';
import { eq } from 'drizzle-orm';
import { DATABASE } from '../../shared/database.module.js';
import type { Database, Transaction } from '../../shared/database.js';
import { directory } from './database/schema.js';

export interface DirectoryEntry {
  email: string;
  name: string;
  version: number;
}

/**
 * The users as this service knows them, built from their events: a projection. It checks no versions, since the inbox
 * gives it each user's events once and in their order.
 */
@Injectable()
export class UserDirectory {
  private readonly logger = new Logger('directory');

  constructor(@Inject(DATABASE) private readonly database: Database) {}

  async add(transaction: Transaction, userId: string, entry: DirectoryEntry): Promise<void> {
    await transaction
      .insert(directory)
      .values({ userId, ...entry })
      .onConflictDoUpdate({ target: directory.userId, set: entry });
    this.logger.log(`${entry.name} <${entry.email}>, version ${entry.version}`);
  }

  /** A user whose registration this service has never seen is known from now on, without a name. */
  async move(transaction: Transaction, userId: string, email: string, version: number): Promise<void> {
    const known = await this.find(userId, transaction);
    await this.add(transaction, userId, { name: known?.name ?? 'unknown', email, version });
  }

  async remove(transaction: Transaction, userId: string, version: number): Promise<void> {
    const [left] = await transaction.delete(directory).where(eq(directory.userId, userId)).returning();
    this.logger.log(`${left?.name ?? 'unknown'} left, version ${version}`);
  }

  async find(userId: string, within: Pick<Database, 'select'> = this.database): Promise<DirectoryEntry | undefined> {
    const { email, name, version } = directory;
    const [entry] = await within.select({ email, name, version }).from(directory).where(eq(directory.userId, userId));
    return entry;
  }
}
