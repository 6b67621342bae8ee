import { jest } from '@jest/globals';
import fc from 'fast-check';
import { migrate, PostgresInboxStore, PostgresOutbox, type SqlPool } from 'nestjs-sns-sqs/postgres';
import { inboxStoreContract, outboxStoreContract } from 'nestjs-sns-sqs/testing';
import { outboxSql } from '../../../libs/nestjs-sns-sqs/src/postgres/outbox/outbox-sql.js';
import { describeWithPostgres, hasPostgres, TestDatabase } from '../../support/postgres.js';
import { begin } from './begin.js';
import { InboxScript, inboxCall } from './inbox-script.js';
import { ModelDatabase } from './model-database.js';
import { OutboxScript, outboxCall } from './outbox-script.js';

/** The schedules of `test:faults -- --outbox` run on a model of PostgreSQL: here it is compared with a real one. */

const RUNS = process.env['EXHAUSTIVE'] ? 300 : 25;

type Connection = Awaited<ReturnType<SqlPool['connect']>>;

function modelPool(): SqlPool {
  const model = new ModelDatabase({
    outboxSql: outboxSql('nestjs_sns_sqs'),
    now: () => Date.now(),
    random: () => 0.5,
  });
  const connect = (): Connection => {
    const session = model.connect();
    return { query: (text, values) => session.query(text, values) as never, release: () => session.end() };
  };
  return { connect: () => Promise.resolve(connect()), query: (text, values) => connect().query(text, values) };
}

outboxStoreContract('The model of PostgreSQL', () => {
  const pool = modelPool();
  return { store: new PostgresOutbox({ pool }), begin: () => begin(pool) };
});

inboxStoreContract('the model of PostgreSQL', () => new PostgresInboxStore({ pool: modelPool() }));

describeWithPostgres('the model and a real PostgreSQL', () => {
  let database: TestDatabase;
  let real: SqlPool;
  beforeAll(async () => {
    if (!hasPostgres) return;
    database = await TestDatabase.create();
    await migrate(database.pool);
    real = database.pool;
  }, 120_000);
  afterAll(async () => {
    await database?.drop();
    await own?.drop();
  });
  let own: TestDatabase | undefined;
  const ownDatabase = async (): Promise<SqlPool> => {
    own = await TestDatabase.create();
    await migrate(own.pool);
    return own.pool;
  };
  // The bucket of a message without a lane.
  beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0.5));
  afterEach(() => jest.restoreAllMocks());

  it('answer the calls of an outbox alike, in transactions that end in any order', async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(outboxCall, { maxLength: 40, size: 'max' }), async calls => {
        const destination = `sns:${(runs += 1)}`;
        const [ofModel, ofReal] = [new OutboxScript(modelPool(), destination), new OutboxScript(real, destination)];
        expect(await ofModel.run(calls)).toEqual(await ofReal.run(calls));
      }),
      { numRuns: RUNS },
    );
    expect(runs).toBeGreaterThanOrEqual(RUNS);
  }, 120_000);

  it('tell alike for whom messages wait', async () => {
    const answers = await Promise.all(
      [modelPool(), await ownDatabase()].map(async pool => {
        const outbox = new PostgresOutbox({ pool });
        const names = ['sns:c', 'sns:a', 'sqs:b', 'sns:c'];
        for (const [index, destination] of names.entries()) {
          const { tx, commit } = await begin(pool);
          const lane = index === 0 ? undefined : `lane ${index}`;
          await outbox.add(tx, { destination, id: String(index), type: 't', entry: '', ...(lane && { lane }) }, false);
          await commit();
        }
        const open = await begin(pool);
        await outbox.add(open.tx, { destination: 'sns:uncommitted', id: 'u', type: 't', entry: '' }, false);
        const asked = [
          await outbox.neglected(['sns:c'], -1_000),
          await outbox.neglected([], -1_000),
          await outbox.neglected([], 60_000),
        ];
        await open.rollback();
        return asked.map(each => each.map(({ destination }) => destination));
      }),
    );
    expect(answers).toEqual([1, 2].map(() => [['sns:a', 'sqs:b'], ['sns:a', 'sns:c', 'sqs:b'], []]));
  });

  it('answer the calls of an inbox alike, while transactions keep its rows locked', async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(inboxCall, { maxLength: 40, size: 'max' }), async calls => {
        const queue = `q${(runs += 1)}`;
        expect(await new InboxScript(modelPool(), queue).run(calls)).toEqual(
          await new InboxScript(real, queue).run(calls),
        );
      }),
      { numRuns: RUNS },
    );
    expect(runs).toBeGreaterThanOrEqual(RUNS);
  }, 120_000);
});
