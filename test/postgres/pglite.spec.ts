import { PGlite, type Transaction } from '@electric-sql/pglite';
import { newToken } from '../../libs/nestjs-sns-sqs/src/inbox/inbox-key.js';
import type { SqlPool } from '../../libs/nestjs-sns-sqs/src/interfaces/sql.interface.js';
import { OutboxRelay } from '../../libs/nestjs-sns-sqs/src/outbox/relay.js';
import { PostgresInboxStore } from '../../libs/nestjs-sns-sqs/src/postgres/inbox/postgres-inbox-store.js';
import { PostgresOutbox } from '../../libs/nestjs-sns-sqs/src/postgres/outbox/postgres-outbox.js';
import { fromPg } from '../../libs/nestjs-sns-sqs/src/postgres/sql/from-pg.js';
import { waitFor } from '../support/wait-for.js';

const TO = 'sns:one';
const LONG_MS = 60_000;
const MESSAGES = 16;
/** It starts by compiling itself, and all wait in one line. */
const LIMIT_MS = 120_000;

/** One connection for everything: who needs it waits until the transaction that runs has ended. */
describe('PGlite', () => {
  let database: PGlite;
  let pool: SqlPool;

  beforeAll(async () => {
    database = await PGlite.create();
    const query = ((text, values) => database.query(text, values && [...values])) as SqlPool['query'];
    pool = { query, connect: () => Promise.resolve({ query, release: () => undefined }) };
  }, LIMIT_MS);
  afterAll(() => database.close());

  it(
    'relays, writes, claims, renews, marks and steers at one time, and nothing waits for ever',
    async () => {
      const outbox = new PostgresOutbox({ pool, keep: { days: 1 }, relay: { pollMs: 50 } });
      await outbox.migrate();
      const inbox = new PostgresInboxStore({ pool, cleanUpEverySeconds: 1, commandTimeoutMs: 60_000 });
      const [sent, logged]: [string[], string[]] = [[], []];
      const note = (text: string): void => void logged.push(text);
      const relay = new OutboxRelay({ store: outbox, logger: { log: note, warn: note, error: note } });
      const link = relay.attach(TO, ({ id }) => Promise.resolve(void sent.push(id)));

      const handle = async (n: number): Promise<void> => {
        const claim = { queue: 'q', key: `.${n}`, subject: `.s${n}`, token: newToken() };
        expect(await inbox.claim(claim, LONG_MS)).toMatchObject({ status: 'claimed' });
        // The library renews while the handler's transaction is open.
        const renewals: Array<Promise<boolean[]>> = [];
        const isCommitted = n % 4 !== 0;
        await database.transaction(async (tx: Transaction) => {
          const executor = fromPg(tx);
          const message = { destination: TO, id: `${n}`, type: 't', entry: '#', lane: `lane ${n % 3}` };
          await outbox.addNext(executor, message, '#');
          renewals.push(inbox.renew([claim], LONG_MS));
          link.onWritten();
          await inbox.doneIn(executor, claim, { rememberForMs: LONG_MS });
          if (!isCommitted) await tx.rollback();
        });
        expect(await Promise.all(renewals)).toEqual([[!isCommitted]]);
        await inbox.steering.takeRate('q', 1, { messages: 1_000, perSeconds: 1 });
        const again = await inbox.claim({ ...claim, token: newToken() }, LONG_MS);
        expect(again.status).toBe(isCommitted ? 'done' : 'in-work');
      };
      await Promise.all(Array.from({ length: MESSAGES }, (_, n) => handle(n)));
      await inbox.cleanUp();
      await outbox.schedule(undefined, { destination: TO, id: 'later', type: 't', entry: '{}' }, { dueAt: new Date() });
      const committed = Array.from({ length: MESSAGES }, (_, n) => n).filter(n => n % 4 !== 0);
      await waitFor('all messages', () => sent.length === committed.length + 1);
      await waitFor('an empty outbox', async () => (await outbox.status([TO]))[0]?.waiting === 0);
      expect(sent.toSorted()).toEqual([...committed.map(String), 'later'].toSorted());
      expect(logged).toEqual([]);
      await link.detach();
      await inbox.close();
    },
    LIMIT_MS,
  );

  it(
    'fails what would wait for its own transaction, after its time, and works again behind it',
    async () => {
      const inbox = new PostgresInboxStore({ pool, cleanUpEverySeconds: 0, commandTimeoutMs: 200 });
      const claim = { queue: 'own', key: '.own', token: newToken() };
      await database.transaction(async () => {
        await expect(inbox.claim(claim, LONG_MS)).rejects.toThrow('has not given an answer within 200 ms');
      });
      // PGlite carries the late call out: only its token releases it.
      const patient = new PostgresInboxStore({ pool, cleanUpEverySeconds: 0, commandTimeoutMs: 60_000 });
      await waitFor('the late claim', () => patient.release(claim, 'unstarted'));
      expect(await patient.claim({ ...claim, token: newToken() }, LONG_MS)).toMatchObject({
        status: 'claimed',
        attempt: 1,
      });
      await Promise.all([inbox.close(), patient.close()]);
    },
    LIMIT_MS,
  );
});
