import { randomUUID } from 'node:crypto';
import { ConflictException, Inject, Injectable, NotFoundException } from '@nestjs/common';
import { and, eq, isNotNull, isNull, sql } from 'drizzle-orm';
import { DATABASE } from '../../../shared/database.module.js';
import type { Database } from '../../../shared/database.js';
import { preferences, users, type UserRow } from '../database/schema.js';
import { UserPublisher } from './user-publisher.js';
import type { ChangeEmailDto, RegisterUserDto, UserView } from './users.dto.js';

const UNIQUE_VIOLATION = '23505';

/** The database, or a transaction of it. */
type Queryable = Pick<Database, 'select'>;

/**
 * Changes users and announces each change. The event is a row of the same transaction, written as its last step: it is
 * published after the commit, and never without it.
 */
@Injectable()
export class UsersService {
  constructor(
    @Inject(DATABASE) private readonly database: Database,
    @Inject(UserPublisher) private readonly publisher: UserPublisher,
  ) {}

  async register({ email, name }: RegisterUserDto): Promise<UserView> {
    const user = { id: randomUUID(), email, name, version: 1 };
    await this.refusingDuplicates(email, () =>
      this.database.transaction(async transaction => {
        await transaction.insert(users).values(user);
        await this.publisher.registered(transaction, user);
      }),
    );
    return { ...user, welcomedAt: null, preferences: null };
  }

  async changeEmail(id: string, { email }: ChangeEmailDto): Promise<UserView> {
    return this.refusingDuplicates(email, () =>
      this.database.transaction(async transaction => {
        const before = await this.view(id, transaction, 'lock');
        const version = before.version + 1;
        await transaction.update(users).set({ email, version }).where(living(id));
        await this.publisher.emailChanged(transaction, { id, version, email, previousEmail: before.email });
        return { ...before, email, version };
      }),
    );
  }

  async remove(id: string): Promise<void> {
    await this.database.transaction(async transaction => {
      const [row] = await transaction
        .update(users)
        .set({ deletedAt: new Date(), version: sql`${users.version} + 1` })
        .where(living(id))
        .returning();
      const { version } = found(row, id);
      await this.publisher.cancelMails(transaction, id);
      await this.publisher.deactivate(transaction, id);
      await this.publisher.deleted(transaction, { id, version });
    });
  }

  /** With `lock`, nobody else changes the user before the transaction ends. */
  async view(id: string, database: Queryable = this.database, lock?: 'lock'): Promise<UserView> {
    const query = database
      .select({ user: users, preferences })
      .from(users)
      .leftJoin(preferences, eq(preferences.userId, users.id))
      .where(living(id));
    const [row] = await (lock ? query.for('update', { of: users }) : query);
    const user = found(row?.user, id);
    return {
      id,
      email: user.email ?? '',
      name: user.name ?? '',
      version: user.version,
      welcomedAt: user.welcomedAt?.toISOString() ?? null,
      preferences: row?.preferences ? { newsletter: row.preferences.newsletter } : null,
    };
  }

  /** Idempotent: preferences that the user has set meanwhile stay. */
  async createDefaultPreferences(userId: string): Promise<void> {
    await this.database.insert(preferences).values({ userId, newsletter: true }).onConflictDoNothing();
  }

  /** Idempotent: the first mark stays. */
  async markWelcomed(id: string): Promise<void> {
    await this.database
      .update(users)
      .set({ welcomedAt: new Date() })
      .where(and(eq(users.id, id), isNull(users.welcomedAt)));
  }

  /**
   * Idempotent: personal data goes, the id stays. False while the user is not deleted: this service sends the command
   * after the deletion's commit, but anybody may send one.
   */
  async deactivate(id: string): Promise<boolean> {
    return this.database.transaction(async transaction => {
      const deactivated = await transaction
        .update(users)
        .set({ email: null, name: null, deactivatedAt: sql`coalesce(${users.deactivatedAt}, now())` })
        .where(and(eq(users.id, id), isNotNull(users.deletedAt)))
        .returning({ id: users.id });
      if (deactivated.length === 0) return false;
      await transaction.delete(preferences).where(eq(preferences.userId, id));
      return true;
    });
  }

  private async refusingDuplicates<T>(email: string, change: () => Promise<T>): Promise<T> {
    try {
      return await change();
    } catch (error) {
      if (isUniqueViolation(error)) throw new ConflictException(`${email} is taken`);
      throw error;
    }
  }
}

const living = (id: string) => and(eq(users.id, id), isNull(users.deletedAt));

function found(row: UserRow | undefined, id: string): UserRow {
  if (!row) throw new NotFoundException(`there is no user ${id}`);
  return row;
}

/** Drizzle wraps the driver's error. */
function isUniqueViolation(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  return code === UNIQUE_VIOLATION || (cause !== undefined && isUniqueViolation(cause));
}
