CREATE TABLE "users" (
  "id" uuid PRIMARY KEY NOT NULL,
  "email" text,
  "name" text,
  "version" integer NOT NULL,
  "welcomed_at" timestamp with time zone,
  "deleted_at" timestamp with time zone,
  "deactivated_at" timestamp with time zone
);
--> statement-breakpoint
CREATE UNIQUE INDEX "users_email_unique" ON "users" USING btree (lower("email")) WHERE "deleted_at" is null;
--> statement-breakpoint
CREATE TABLE "preferences" (
  "user_id" uuid PRIMARY KEY NOT NULL REFERENCES "users"("id") ON DELETE cascade,
  "newsletter" boolean NOT NULL
);
