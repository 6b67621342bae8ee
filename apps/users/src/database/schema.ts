import { sql } from 'drizzle-orm';
import { boolean, integer, pgTable, text, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core';

const instant = (name: string) => timestamp(name, { withTimezone: true });

export const users = pgTable(
  'users',
  {
    id: uuid('id').primaryKey(),
    /** Null once the account is deactivated: personal data goes. */
    email: text('email'),
    name: text('name'),
    /** Rises with each change; travels as the sequence of the user's events. */
    version: integer('version').notNull(),
    welcomedAt: instant('welcomed_at'),
    deletedAt: instant('deleted_at'),
    deactivatedAt: instant('deactivated_at'),
  },
  table => [
    uniqueIndex('users_email_unique')
      .on(sql`lower(${table.email})`)
      .where(sql`${table.deletedAt} is null`),
  ],
);

export const preferences = pgTable('preferences', {
  userId: uuid('user_id')
    .primaryKey()
    .references(() => users.id, { onDelete: 'cascade' }),
  newsletter: boolean('newsletter').notNull(),
});

export type UserRow = typeof users.$inferSelect;
