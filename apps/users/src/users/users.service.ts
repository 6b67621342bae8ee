import { randomUUID } from 'node:crypto';
import { ConflictException, Inject, Injectable, NotFoundException } from '@nestjs/common';
import { and, eq, isNull, sql } from 'drizzle-orm';
import { DATABASE } from '../database/database.module.js';
import type { Database } from '../database/database.js';
import { preferences, users, type UserRow } from '../database/schema.js';
import { UserPublisher } from './user-publisher.js';
import type { ChangeEmailDto, RegisterUserDto, UserView } from './users.dto.js';

const UNIQUE_VIOLATION = '23505';

/**
 * Changes users and announces each change. The event is published inside the transaction, as its last step: a change
 * that could not be announced is rolled back, so the caller may simply repeat it.
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
        await this.publisher.registered(user);
      }),
    );
    return { ...user, welcomedAt: null, preferences: null };
  }

  async changeEmail(id: string, { email }: ChangeEmailDto): Promise<UserView> {
    const { email: previousEmail } = await this.view(id);
    await this.refusingDuplicates(email, () =>
      this.database.transaction(async transaction => {
        const [row] = await transaction
          .update(users)
          .set({ email, version: sql`${users.version} + 1` })
          .where(living(id))
          .returning();
        await this.publisher.emailChanged({ id, version: found(row, id).version, email, previousEmail });
      }),
    );
    return this.view(id);
  }

  async remove(id: string): Promise<void> {
    await this.database.transaction(async transaction => {
      const [row] = await transaction
        .update(users)
        .set({ deletedAt: new Date(), version: sql`${users.version} + 1` })
        .where(living(id))
        .returning();
      const { version } = found(row, id);
      await this.publisher.cancelMails(id);
      await this.publisher.deactivate(id);
      await this.publisher.deleted({ id, version });
    });
  }

  async view(id: string): Promise<UserView> {
    const [row] = await this.database
      .select({ user: users, preferences })
      .from(users)
      .leftJoin(preferences, eq(preferences.userId, users.id))
      .where(living(id));
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

  /** Idempotent: personal data goes, the id stays. */
  async deactivate(id: string): Promise<void> {
    await this.database.transaction(async transaction => {
      await transaction
        .update(users)
        .set({ email: null, name: null, deactivatedAt: new Date() })
        .where(eq(users.id, id));
      await transaction.delete(preferences).where(eq(preferences.userId, id));
    });
  }

  private async refusingDuplicates(email: string, change: () => Promise<void>): Promise<void> {
    try {
      await change();
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
