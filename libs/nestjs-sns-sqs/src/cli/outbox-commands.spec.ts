import { describeWithPostgres, TestDatabase } from '../../../../test/support/postgres.js';
import { testIo } from '../../test/cli-io.js';
import { PostgresOutbox } from '../postgres/outbox/postgres-outbox.js';
import { clientFor } from './commands/outbox-relay.js';
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

  it('print the statements without a database', async () => {
    const io = testIo();
    expect(await runCli(['outbox', 'migrate', '--sql', '--schema', 'messages'], io)).toBe(0);
    expect(io.out()).toContain('CREATE TABLE messages.outbox_messages');
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
