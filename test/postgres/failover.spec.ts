import { setTimeout as pause } from 'node:timers/promises';
import { Client, Pool, type PoolClient, type PoolConfig } from 'pg';
import { newToken } from '../../libs/nestjs-sns-sqs/src/inbox/inbox-key.js';
import { OutboxRelay } from '../../libs/nestjs-sns-sqs/src/outbox/relay.js';
import { PostgresInboxStore } from '../../libs/nestjs-sns-sqs/src/postgres/inbox/postgres-inbox-store.js';
import { PostgresOutbox } from '../../libs/nestjs-sns-sqs/src/postgres/outbox/postgres-outbox.js';
import { fromPg } from '../../libs/nestjs-sns-sqs/src/postgres/sql/from-pg.js';
import { CuttableProxy } from '../support/cuttable-proxy.js';
import { PostgresProcess } from '../support/postgres-process.mjs';
import { waitFor } from '../support/wait-for.js';

const TO = 'sns:failover';
const LANES = 4;
const LEASE_MS = 10_000;
/** Three servers share two cores with everything else. */
const LIMIT_MS = 240_000;
const SHORTLY_MS = 60_000;

interface Delivery {
  id: string;
  lane: string;
  sequence: number;
}

/** A primary server with a synchronous replica that takes its place: `npm run test:exhaustive`. */
describe('a failover of PostgreSQL', () => {
  let primary: PostgresProcess;
  let replica: PostgresProcess;
  /** Whoever uses the database knows this address. */
  let address: CuttableProxy;
  const target = new URL('http://127.0.0.1');
  const pools: Pool[] = [];

  const connect = (options: PoolConfig = {}): Pool => {
    const pool = new Pool({ connectionString: url(), ...options });
    pool.on('error', () => undefined);
    pool.on('connect', connection => connection.on('error', () => undefined));
    pools.push(pool);
    return pool;
  };
  const url = (): string => `postgres://postgres@${new URL(address.url).host}/postgres`;

  beforeAll(async () => {
    primary = await PostgresProcess.create({ synchronous_commit: 'on' });
    await primary.start();
    await primary.stop();
    replica = await PostgresProcess.replicaOf(primary);
    await primary.start();
    await replica.start();
    target.port = String(primary.port);
    address = new CuttableProxy(target);
    await address.restore();
  }, LIMIT_MS);

  afterAll(async () => {
    await Promise.all(pools.map(pool => pool.end()));
    await address?.cut();
    await replica?.remove();
    await primary?.remove();
  }, LIMIT_MS);

  const on = async <Row>(server: PostgresProcess, text: string): Promise<Row[]> => {
    const client = new Client(server.url);
    await client.connect();
    try {
      return (await client.query(text)).rows as Row[];
    } finally {
      await client.end();
    }
  };

  it(
    'loses nothing that was committed, and repeats no effect',
    async () => {
      const outbox = (options: object = {}) =>
        new PostgresOutbox({ pool: connect({ max: 4 }), relay: { pollMs: 100 }, notify: true, ...options });
      await outbox().migrate();
      await connect().query(`CREATE TABLE changes (id text PRIMARY KEY, lane text NOT NULL);
      CREATE TABLE effects (event text NOT NULL, lane text NOT NULL, sequence int NOT NULL, n serial)`);
      // From now on a commit is answered when the replica has it too.
      await on(primary, `ALTER SYSTEM SET synchronous_standby_names = '*'`);
      await on(primary, 'SELECT pg_reload_conf()');
      await waitFor('a synchronous replica', async () => {
        const states = await on<{ sync_state: string }>(primary, 'SELECT sync_state FROM pg_stat_replication');
        return states.some(({ sync_state: state }) => state === 'sync');
      });

      const queue: Delivery[] = [];
      const sent: Delivery[] = [];
      const logged: string[] = [];
      const note = (text: string): void => void logged.push(text);
      let listening = 0;
      const listen = async (): Promise<Client> => {
        const client = new Client(url());
        client.on('error', () => undefined);
        await client.connect();
        listening += 1;
        return client;
      };
      const relays = [1, 2].map(() => {
        const store = outbox({ listen });
        const relay = new OutboxRelay({ store, logger: { log: note, warn: note, error: note } });
        const link = relay.attach(TO, ({ id, lane = '', entry }) => {
          const delivery = { id, lane, sequence: Number(entry) };
          sent.push(delivery);
          queue.push(delivery);
          return Promise.resolve(undefined);
        });
        return { store, relay, link };
      });
      const [first] = relays;
      if (!first) throw new Error('no relay');

      /** Of those the service was told that they are committed. */
      const answered = new Set<string>();
      let isOver = false;
      const within = async (pool: Pool, work: (tx: PoolClient) => Promise<void>): Promise<void> => {
        const tx = await pool.connect();
        let isLost = true;
        try {
          await tx.query('BEGIN');
          await work(tx);
          await tx.query('COMMIT');
          isLost = false;
        } finally {
          tx.release(isLost);
        }
      };
      const write = async (writer: number): Promise<void> => {
        const pool = connect({ max: 1 });
        for (let n = 0; !isOver; n += 1) {
          const [id, lane] = [`${writer}.${n}`, `lane ${(writer + n) % LANES}`];
          const writing = within(pool, async tx => {
            await tx.query('INSERT INTO changes VALUES ($1, $2)', [id, lane]);
            await first.store.addNext(fromPg(tx), { destination: TO, id, type: 't', entry: '#', lane }, '#');
          });
          await writing.then(() => answered.add(id)).catch(() => pause(50));
          await pause(5);
        }
      };
      const inbox = new PostgresInboxStore({ pool: connect({ max: 6 }), commandTimeoutMs: 15_000 });
      const handlers = connect({ max: 4 });
      const isHandled = async ({ id, lane, sequence }: Delivery): Promise<boolean> => {
        const claim = { queue: 'q', key: `.${id}`, subject: `.${lane}`, token: newToken() };
        const { status } = await inbox.claim(claim, LEASE_MS);
        if (status === 'done') return true;
        if (status !== 'claimed') return false;
        try {
          await within(handlers, async tx => {
            await tx.query('INSERT INTO effects (event, lane, sequence) VALUES ($1, $2, $3)', [id, lane, sequence]);
            await inbox.doneIn(fromPg(tx), claim, { rememberForMs: LEASE_MS });
          });
          return true;
        } catch (error) {
          await inbox.release(claim, 'unstarted').catch(() => undefined);
          throw error;
        }
      };
      /** What is not handled comes again. */
      const consume = async (): Promise<void> => {
        while (!isOver || queue.length > 0) {
          const delivery = queue.shift();
          if (!delivery) await pause(10);
          else if (!(await isHandled(delivery).catch(() => false))) {
            queue.push(delivery);
            await pause(20);
          }
        }
      };
      const work = [write(1), write(2), write(3), consume(), consume(), consume()];

      await waitFor('some effects', async () => (await count('effects')) >= 40, SHORTLY_MS);
      await waitFor('two that listen', () => listening === 2);
      const before = answered.size;
      // The primary is gone. Its address leads to the replica, which may only be read for a while.
      await primary.stop();
      target.port = String(replica.port);
      await address.cut();
      await address.restore();
      await waitFor('the reason', () => relays.every(({ relay }) => relay.fault?.includes('25006')), SHORTLY_MS);
      await expect(inbox.claim({ queue: 'q', key: '.x', token: 't' }, LEASE_MS)).rejects.toThrow('SQLSTATE 25006');
      await on(replica, 'SELECT pg_promote()');

      await waitFor('further changes', () => answered.size >= before + 40, SHORTLY_MS);
      await waitFor(
        'two that listen again',
        async () => {
          const waiting = await on<object>(replica, `SELECT FROM pg_stat_activity WHERE query LIKE 'LISTEN%'`);
          return waiting.length === 2;
        },
        SHORTLY_MS,
      );
      isOver = true;
      await waitFor('an empty outbox', async () => (await count('nestjs_sns_sqs.outbox_messages')) === 0, SHORTLY_MS);
      await Promise.all(work);

      const changes = await on<{ id: string }>(replica, 'SELECT id FROM changes');
      const committed = new Set(changes.map(({ id }) => id));
      expect([...answered].filter(id => !committed.has(id))).toEqual([]);
      const effects = await on<Delivery & { event: string }>(
        replica,
        'SELECT event, lane, sequence FROM effects ORDER BY n',
      );
      expect(effects.map(({ event }) => event).toSorted()).toEqual([...committed].toSorted());
      // Without a gap and in order, and what was rolled back is heard of nowhere.
      for (let lane = 0; lane < LANES; lane += 1) {
        const ofLane = sent.filter(each => each.lane === `lane ${lane}`);
        const firsts = ofLane.filter(({ id }, at) => ofLane.findIndex(each => each.id === id) === at);
        expect(firsts.map(({ sequence }) => sequence)).toEqual(firsts.map((_, at) => at + 1));
      }
      expect(sent.filter(({ id }) => !committed.has(id))).toEqual([]);
      await waitFor('no fault', () => relays.every(({ relay }) => relay.fault === undefined));
      expect(logged.filter(text => text.includes('25006')).length).toBeLessThanOrEqual(relays.length);
      await Promise.all(relays.map(({ link }) => link.detach()));
      await inbox.close();
    },
    LIMIT_MS,
  );

  async function count(table: string): Promise<number> {
    const server = target.port === String(primary.port) ? primary : replica;
    return (await on<{ n: number }>(server, `SELECT count(*)::int AS n FROM ${table}`))[0]?.n ?? 0;
  }
});
