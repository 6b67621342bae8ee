import { boolean, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';

export const recipients = pgTable('recipients', {
  userId: uuid('user_id').primaryKey(),
  /** Null: the user is gone, or not known yet. */
  email: text('email'),
  /** Of the user's event that was the last to change the address. */
  version: integer('version').notNull(),
  /** The user wants no more mail. */
  cancelled: boolean('cancelled').notNull().default(false),
});

export const directory = pgTable('directory', {
  userId: uuid('user_id').primaryKey(),
  email: text('email').notNull(),
  name: text('name').notNull(),
  version: integer('version').notNull(),
});
