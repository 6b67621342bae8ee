import { migrate } from 'nestjs-sns-sqs/postgres';
import { CompiledConsumer, type ChildConsumer } from '../support/child-consumer.js';
import { describeWithPostgres, TestDatabase } from '../support/postgres.js';
import { describeWithRedis, RedisServer } from '../support/redis-server.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const LIMIT = { messages: 10, perSeconds: 1 };
const PER_SECOND = LIMIT.messages / LIMIT.perSeconds;
const PROCESSES = 3;
const SECONDS = 60;
/** More than a minute lets through, of one tenant; and of another one, whose messages never wait. */
const FLOOD = PER_SECOND * SECONDS * 1.2;
const FEW = 15;
/**
 * What a quiet time saves up: of a queue one second's worth, and the part that each process took before, which it pays for
 * later; of a key two seconds' worth.
 */
const SAVED: Record<string, number> = { queue: (1 + PROCESSES) * PER_SECOND, busy: 2 * PER_SECOND };

/** What `limited-consumer.ts` tells. */
interface Fact {
  listening?: number;
  handled?: 'queue' | 'busy' | 'calm';
  heldUpMs?: number;
  at: string;
}

type StoreOfProcess = { redis: string } | { postgres: string };

/** A minute is too long for `npm test`: `shared-key-turns.spec.ts` has it in fake time. */
const inExhaustive = process.env['EXHAUSTIVE'] ? it : it.skip;

function keepsTheLimit(open: () => StoreOfProcess): void {
  const here = world();
  let compiled: CompiledConsumer | undefined;
  afterAll(() => compiled?.remove());

  inExhaustive(
    'over a minute to 5 %, of the queue and of each key, at no moment more than was saved up beside',
    async () => {
      compiled = await CompiledConsumer.compile('limited-consumer');
      const start = async (): Promise<ChildConsumer<Fact>> => {
        const argument = { options: here.serverOptions(), store: open(), limit: LIMIT };
        const child = await compiled?.run<Fact>(argument);
        if (!child) throw new Error('nothing is compiled');
        here.onClose(() => child.end('SIGKILL'));
        return child;
      };
      const children = await Promise.all(Array.from({ length: PROCESSES }, start));
      const facts = (): Fact[] => children.flatMap(child => child.facts);

      const startedAt = process.hrtime.bigint();
      const secondsAt = ({ at }: Pick<Fact, 'at'>): number => Number(BigInt(at) - startedAt) / 1e9;
      const events = here.events({ service: 'phones' });
      const tenants = Array.from({ length: FLOOD + FEW }, (_, n) => (n < FEW ? 'calm' : 'busy'));
      await Promise.all(tenants.map(tenant => events.emit('call.made', { tenant })));
      await waitFor(
        'a minute to pass',
        () => Number(process.hrtime.bigint() - startedAt) >= SECONDS * 1e9,
        2 * SECONDS * 1000,
      );

      const inMinute = facts().filter(fact => secondsAt(fact) <= SECONDS);
      const heldUpSeconds = Math.max(
        ...children.map(child => child.facts.reduce((sum, { heldUpMs = 0 }) => sum + heldUpMs, 0) / 1000),
      );
      expect(inMinute.filter(({ handled }) => handled === 'calm')).toHaveLength(FEW);
      for (const [what, saved] of Object.entries(SAVED)) {
        const times = inMinute.filter(({ handled }) => handled === what).map(secondsAt);
        times.sort((a, b) => a - b);
        // A message is handled after its turn, however busy the machine is.
        times.forEach((seconds, before) => expect(before + 1).toBeLessThanOrEqual(saved + seconds * PER_SECOND));
        expect(times.length).toBeLessThanOrEqual(1.05 * PER_SECOND * SECONDS);
        // What nobody could take while the machine did not let them is lost.
        expect(times.length).toBeGreaterThanOrEqual(0.95 * PER_SECOND * (SECONDS - heldUpSeconds));
      }
    },
    5 * SECONDS * 1000,
  );
}

describeWithRedis('three processes keep to one rate limit through Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => void (redis = await RedisServer.start()));
  afterAll(() => redis?.stop());
  keepsTheLimit(() => ({ redis: redis.url }));
});

describeWithPostgres('three processes keep to one rate limit through PostgreSQL', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await TestDatabase.create();
    await migrate(database.pool);
  }, 120_000);
  afterAll(() => database?.drop());
  keepsTheLimit(() => ({ postgres: database.url }));
});
