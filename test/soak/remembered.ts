import pg from 'pg';

/** `<queue> <id>` of the events that the inbox in a PostgreSQL has as done, whatever their source. */
export async function rememberedBy(url: string): Promise<Set<string>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ queue: string; key: string }>(
      `SELECT queue, key FROM nestjs_sns_sqs.inbox_events WHERE state = 'd'`,
    );
    // A key is `.<length of the source>:<source>:<id>`.
    return new Set(rows.map(({ queue, key }) => `${queue} ${key.slice(key.indexOf(':', key.indexOf(':') + 1) + 1)}`));
  } finally {
    await client.end();
  }
}
