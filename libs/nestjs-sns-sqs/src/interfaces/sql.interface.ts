/**
 * Runs SQL of PostgreSQL, with `$1`, `$2` … for its values. The library passes text, finite numbers, booleans, null and
 * `Uint8Array`, and reads text, whole numbers of 32 bits, and booleans: every driver and ORM has these alike. A date, a
 * `bigint` and a JSON document travel as text with a cast.
 */
export interface SqlExecutor {
  /** Rejects with what the database says. */
  query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<{ rows: Row[] }>;
}

/** Connections of a pool. The `Pool` of `pg` fits as it is. */
export interface SqlPool extends SqlExecutor {
  /** `release` takes the connection back; with an error or `true` it closes the connection instead. */
  connect(): Promise<SqlExecutor & { release(error?: Error | boolean): void }>;
}
