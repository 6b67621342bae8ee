/**
 * The tables of the inbox. An event's `state` is `c` claimed, `r` released or `d` done; a subject's position and gap are
 * beside who has it. What is over its `forget_at` counts as absent, and is deleted later. Places are in no log: after a
 * crash of the database the messages that wait there come when their delays end.
 */
export const inboxTables = (schema: string): string => `
CREATE TABLE ${schema}.inbox_events (
  queue text NOT NULL,
  key text NOT NULL,
  state char(1) NOT NULL CHECK (state IN ('c', 'r', 'd')),
  token text,
  attempts integer NOT NULL,
  lease_ends_at timestamptz,
  forget_at timestamptz NOT NULL,
  PRIMARY KEY (queue, key)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX inbox_events_forget ON ${schema}.inbox_events (forget_at);

CREATE TABLE ${schema}.inbox_subjects (
  queue text NOT NULL,
  subject text NOT NULL,
  token text,
  lease_ends_at timestamptz,
  position text,
  gap_since timestamptz,
  gap_lowest text,
  gap_seen_at timestamptz,
  back_at timestamptz,
  forget_at timestamptz NOT NULL,
  PRIMARY KEY (queue, subject)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX inbox_subjects_forget ON ${schema}.inbox_subjects (forget_at) WHERE forget_at < 'infinity';

CREATE UNLOGGED TABLE ${schema}.inbox_places (
  queue text NOT NULL,
  place text NOT NULL,
  handles text[] NOT NULL,
  ends timestamptz[] NOT NULL,
  forget_at timestamptz NOT NULL,
  PRIMARY KEY (queue, place)
);
CREATE INDEX inbox_places_forget ON ${schema}.inbox_places (forget_at);
`;
