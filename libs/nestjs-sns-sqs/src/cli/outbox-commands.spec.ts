import { describeWithPostgres, TestDatabase } from '../../../../test/support/postgres.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { testIo } from '../../test/cli-io.js';
import type { SqlExecutor } from '../interfaces/sql.interface.js';
import { PostgresOutbox } from '../postgres/outbox/postgres-outbox.js';
import { clientFor, relayUntil } from './commands/outbox-relay.js';
import { runCli } from './run-cli.js';

describe('outbox relay', () => {
  it.each([
    ['sns:dev-users-domain-events', 'ClientSNS', 'dev-users-domain-events'],
    ['arn:aws:sns:eu-west-1:123456789012:facts', 'ClientSNS', 'facts'],
    ['sqs:dev-mails-async-commands.fifo', 'ClientSQS', 'dev-mails-async-commands.fifo'],
    ['https://sqs.eu-west-1.amazonaws.com/123456789012/steps', 'ClientSQS', 'steps'],
    ['kafka:users', undefined, undefined],
  ])('sends %s by a %s', async (destination, kind, name) => {
    const outbox = new PostgresOutbox({ pool: { query: () => Promise.reject(new Error('none')) }, relay: false });
    const client = clientFor(destination, { region: 'eu-west-1' }, outbox);
    expect(client?.constructor.name).toBe(kind);
    const told = client as unknown as { publisher?: { destination: string } } | undefined;
    expect(told?.publisher?.destination).toBe(name);
    await client?.close();
  });
});

describe('the commands of the outbox', () => {
  it.each(['migrate', 'status', 'requeue', 'relay'])('%s asks for the database', async command => {
    const io = testIo();
    expect(await runCli(['outbox', command], io)).toBe(1);
    expect(io.err()).toContain('DATABASE_URL');
  });

  it.each(['postgres://127.0.0.1:1/none', 'nonsense'])('say what to check where %s cannot be reached', async url => {
    const io = testIo();
    expect(await runCli(['outbox', 'status', '--database', url], io)).toBe(1);
    expect(io.err()).toContain('check --database, or DATABASE_URL');
  });

  it('print the statements without a database', async () => {
    const io = testIo();
    expect(await runCli(['outbox', 'migrate', '--sql', '--schema', 'messages'], io)).toBe(0);
    expect(io.out()).toContain('CREATE TABLE "messages".outbox_messages');
  });
});

describeWithPostgres('the commands of the outbox, on a database', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await TestDatabase.create();
  });

  afterAll(() => database.drop());

  async function run(...args: string[]): Promise<{ code: number; data: Record<string, unknown>; err: string }> {
    const io = testIo({ env: { DATABASE_URL: database.url } });
    const code = await runCli(['outbox', ...args, '--json'], io);
    return { code, data: JSON.parse(io.out() || '{}') as Record<string, unknown>, err: io.err() };
  }

  it.each(['status', 'requeue', 'relay'])('%s says what makes the tables where they are missing', async command => {
    expect(await run(command, '--schema', 'not_made')).toMatchObject({
      code: 1,
      err: expect.stringContaining('`npx nestjs-sns-sqs outbox migrate`') as string,
    });
  });

  it('status says in words that no message was ever in the outbox', async () => {
    expect(await run('migrate', '--schema', 'is_empty')).toMatchObject({ code: 0 });
    const io = testIo({ env: { DATABASE_URL: database.url } });
    expect(await runCli(['outbox', 'status', '--schema', 'is_empty'], io)).toBe(0);
    expect(io.out()).toBe('The outbox is empty.\n');
  });

  it('relay goes on where the database is away for a while', async () => {
    expect(await run('migrate', '--schema', 'goes_away')).toMatchObject({ code: 0 });
    const outbox = new PostgresOutbox({ pool: database.pool, schema: 'goes_away', relay: false });
    const stopping = new AbortController();
    let told = '';
    let isAway = false;
    let queries = 0;
    const reached: SqlExecutor = database.pool;
    const pool: SqlExecutor = {
      query(text, values) {
        queries += 1;
        return isAway ? Promise.reject(new Error('connect ECONNREFUSED')) : reached.query(text, values);
      },
    };
    const output = { note: (text: string) => void (told += text) };
    const relaying = relayUntil(stopping.signal, { options: { schema: 'goes_away' }, pool, output, lookEveryMs: 20 });
    // A look has two queries. The relay would end if its first look failed.
    await waitFor('the first look to be over', () => queries > 2);
    isAway = true;
    await waitFor('the fault to be told', () => told.includes('The relay tries again'));
    const failed = queries;
    await waitFor('more looks to fail', () => queries > failed + 2);
    isAway = false;
    await outbox.open(['kafka:orders']);
    await waitFor('the relay to look again', () => told.includes('nothing publishes to kafka:orders'));
    await waitFor('the end of the fault to be told', () => told.includes('The outbox can be read again'));
    stopping.abort();
    await relaying;
    expect(told.match(/cannot be read:/g)).toHaveLength(1);
  });

  it('make the tables, tell what was refused, and put it back', async () => {
    expect(await run('migrate')).toMatchObject({
      code: 0,
      data: { applied: expect.arrayContaining(['outbox-1']) as unknown },
    });
    expect(await run('migrate')).toMatchObject({ code: 0, data: { applied: [] } });
    const outbox = new PostgresOutbox({ pool: database.pool });
    await outbox.open(['sns:a']);
    await outbox.add(database.pool, { destination: 'sns:a', id: '1', type: 't', entry: '{}' }, false);
    expect(await run('status')).toMatchObject({
      code: 0,
      data: { destinations: [{ destination: 'sns:a', waiting: 1 }] },
    });
    const claim = { destinations: ['sns:a'], token: 't', leaseMs: 5_000, rows: 10, exceptLanes: [] };
    const [row] = await outbox.claim(claim);
    await outbox.settle('t', { sent: [], refused: [{ row: row?.row ?? '', code: 'C', reason: 'too large' }] });
    expect(await run('status')).toMatchObject({ code: 2, data: { refused: [{ reason: 'too large' }] } });
    expect(await run('requeue', '--row', 'x')).toMatchObject({ code: 1 });
    expect(await run('requeue', '--destination', 'sns:b')).toMatchObject({ code: 0, data: { requeued: 0 } });
    expect(await run('requeue')).toMatchObject({ code: 0, data: { requeued: 1 } });
    expect(await run('status')).toMatchObject({ code: 0 });
  });
});
