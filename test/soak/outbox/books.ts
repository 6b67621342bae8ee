import pg from 'pg';
import { groupBy } from '../../support/group-by.ts';

/** A change of a user that PostgreSQL has committed, or the effect of one. */
export interface Entry {
  userId: string;
  version: number;
}

/** Emails of users whose transactions fail at their commits. */
export const REFUSED = 'refused';

const note = (table: string, user: string, version: string): string => `
CREATE TABLE soak_${table} (id bigint GENERATED ALWAYS AS IDENTITY, user_id uuid NOT NULL, version int NOT NULL);
CREATE FUNCTION soak_note_${table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO soak_${table} (user_id, version) VALUES (${user}, ${version});
  RETURN NULL;
END $$;`;

/**
 * Writes down each change of a user and each effect of its event, in the transaction that makes it: triggers on the
 * services' own tables. And has some transactions fail at their commits, when their events are rows already.
 */
const TRIGGERS = `
${note('changes', 'NEW.id', 'NEW.version')}
CREATE TRIGGER soak_registered AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION soak_note_changes();
CREATE TRIGGER soak_changed AFTER UPDATE ON users FOR EACH ROW
  WHEN (OLD.version IS DISTINCT FROM NEW.version) EXECUTE FUNCTION soak_note_changes();
${note('effects', 'coalesce(NEW.user_id, OLD.user_id)', "CASE TG_OP WHEN 'DELETE' THEN OLD.version + 1 ELSE NEW.version END")}
CREATE TRIGGER soak_effect AFTER INSERT OR UPDATE OR DELETE ON directory
  FOR EACH ROW EXECUTE FUNCTION soak_note_effects();
CREATE FUNCTION soak_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'this transaction cannot commit';
END $$;
CREATE CONSTRAINT TRIGGER soak_refuse AFTER INSERT OR UPDATE ON users DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.email LIKE '${REFUSED}%') EXECUTE FUNCTION soak_refuse();
`;

/** What the database of the services knows. */
export class Books {
  readonly #client: pg.Client;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async open(url: string): Promise<Books> {
    const client = new pg.Client({ connectionString: url });
    // It is restarted.
    client.on('error', () => undefined);
    await client.connect();
    return new Books(client);
  }

  async watch(): Promise<void> {
    await this.#client.query(TRIGGERS);
  }

  changes(): Promise<Entry[]> {
    return this.#entries('changes');
  }

  effects(): Promise<Entry[]> {
    return this.#entries('effects');
  }

  /** Rows of the outbox, by table. */
  async outbox(): Promise<{ waiting: number; scheduled: number; refused: number }> {
    const count = (table: string): string => `(SELECT count(*)::int FROM nestjs_sns_sqs.outbox_${table})`;
    const { rows } = await this.#client.query<{ waiting: number; scheduled: number; refused: number }>(
      `SELECT ${count('messages')} AS waiting, ${count('scheduled')} AS scheduled, ${count('refused')} AS refused`,
    );
    return rows[0] ?? { waiting: 0, scheduled: 0, refused: 0 };
  }

  /** Users that live, and those of them without preferences or without their welcome. */
  async users(): Promise<{ living: number; unwelcome: number }> {
    const { rows } = await this.#client.query<{ living: number; unwelcome: number }>(
      `SELECT count(*)::int AS living,
         count(*) FILTER (WHERE u.welcomed_at IS NULL OR p.user_id IS NULL)::int AS unwelcome
       FROM users u LEFT JOIN preferences p ON p.user_id = u.id WHERE u.deleted_at IS NULL`,
    );
    return rows[0] ?? { living: 0, unwelcome: 0 };
  }

  /** Deleted users whose personal data is still there. */
  async remembered(): Promise<number> {
    const { rows } = await this.#client.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM users WHERE deleted_at IS NOT NULL AND deactivated_at IS NULL',
    );
    return rows[0]?.count ?? 0;
  }

  async close(): Promise<void> {
    await this.#client.end();
  }

  async #entries(table: string): Promise<Entry[]> {
    const { rows } = await this.#client.query<{ user_id: string; version: number }>(
      `SELECT user_id, version FROM soak_${table} ORDER BY id`,
    );
    return rows.map(({ user_id: userId, version }) => ({ userId, version }));
  }
}

/** Each committed change has one effect, in the order of its user; and nothing else has one. */
export function compare(changes: readonly Entry[], effects: readonly Entry[]): string[] {
  const ofUser = ({ userId }: Entry): string => userId;
  const [changed, affected] = [groupBy(changes, ofUser), groupBy(effects, ofUser)];
  const users = new Set([...changed.keys(), ...affected.keys()]);
  return [...users].flatMap(user => {
    const versions = (entries: Entry[] | undefined): string => (entries ?? []).map(({ version }) => version).join();
    const [made, had] = [versions(changed.get(user)), versions(affected.get(user))];
    return made === had ? [] : [`user ${user} had the changes ${made}, and their effects were ${had || 'none'}`];
  });
}
