CREATE TABLE "recipients" (
  "user_id" uuid PRIMARY KEY NOT NULL,
  "email" text,
  "version" integer NOT NULL,
  "cancelled" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
CREATE TABLE "directory" (
  "user_id" uuid PRIMARY KEY NOT NULL,
  "email" text NOT NULL,
  "name" text NOT NULL,
  "version" integer NOT NULL
);
