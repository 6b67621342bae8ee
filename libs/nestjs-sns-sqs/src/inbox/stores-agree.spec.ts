import fc from 'fast-check';
import { describeWithPostgres, hasPostgres, TestDatabase } from '../../../../test/support/postgres.js';
import { describeWithRedis, hasRedis, RedisServer } from '../../../../test/support/redis-server.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import type { InboxClaim, InboxReleaseReason, InboxStore } from '../interfaces/inbox-store.interface.js';
import { PostgresInboxStore } from '../postgres/inbox/postgres-inbox-store.js';
import { migrate } from '../postgres/migrations.js';
import { newToken } from './inbox-key.js';
import { MemoryInboxStore } from './memory-inbox-store.js';
import { RedisInboxStore } from './redis-inbox-store.js';

const LONG_MS = 60_000;

type Call =
  | { method: 'claim' | 'renew' | 'done' | 'putOff' | 'callIn'; who: number; position: number }
  | { method: 'release'; who: number; reason: InboxReleaseReason; position: number };

const who = fc.nat(5);
const position = fc.nat(9);
const call: fc.Arbitrary<Call> = fc.oneof(
  fc.record({ method: fc.constantFrom('claim', 'claim', 'renew', 'done', 'putOff', 'callIn'), who, position }),
  fc.record({
    method: fc.constant('release'),
    who,
    reason: fc.constantFrom<InboxReleaseReason>('failed', 'unstarted', 'dead-lettered'),
    position,
  }),
);

/** Two claimants for each of three events; the first two events are of one subject. */
const claimsOn = (queue: string): InboxClaim[] =>
  ['.a', '.a', '.b', '.b', '.c', '.c'].map(key => ({
    queue,
    key,
    token: newToken(),
    ...(key !== '.c' && { subject: '.s' }),
  }));

/** What a store answers, without times, which are each one's own. */
async function answersOf(store: InboxStore, claims: InboxClaim[], calls: Call[]): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const each of calls) {
    const claim = claims[each.who];
    if (!claim) continue;
    const answer = await answerOf(store, claim, each);
    answers.push(JSON.parse(JSON.stringify(answer, (key, value: unknown) => (key.endsWith('Ms') ? 0 : value))));
  }
  return answers;
}

const placeOf = ({ who, position }: Call): string => `p:${(who + position) % 4}`;

function answerOf(store: InboxStore, claim: InboxClaim, each: Call): unknown {
  switch (each.method) {
    case 'claim':
      return store.claim(claim, LONG_MS);
    case 'renew':
      return store.renew([claim], LONG_MS);
    case 'done':
      return store.done(claim, {
        rememberForMs: LONG_MS,
        ...(claim.subject !== undefined && each.position > 0 && { position: String(each.position) }),
      });
    case 'putOff': {
      const { queue, key, subject, token } = claim;
      const place = placeOf(each);
      return store.putOff?.({
        queue,
        key,
        place,
        handle: token,
        forMs: LONG_MS,
        ...(subject !== undefined && { subject }),
      });
    }
    case 'callIn':
      return store.callIn?.(claim.queue, [placeOf(each), placeOf({ ...each, who: each.who + 1 })]);
    case 'release':
      return store.release(
        claim,
        each.reason,
        each.position > 4 ? String(each.position) : undefined,
        each.position === 3 ? LONG_MS : undefined,
      );
  }
}

/** Compares a store with the one in memory, call by call; gives how many runs agreed. */
async function numberOfAgreements(store: InboxStore, numRuns: number): Promise<number> {
  const memory = new MemoryInboxStore();
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 30, size: 'max' }), async calls => {
      const claims = claimsOn(`q-${(runs += 1)}`);
      expect(await answersOf(store, claims, calls)).toEqual(await answersOf(memory, claims, calls));
    }),
    { numRuns },
  );
  return runs;
}

describeWithRedis('the store in Redis', () => {
  let server: RedisServer;
  let redis: RedisInboxStore;
  beforeAll(async () => {
    if (!hasRedis) return;
    server = await RedisServer.start();
    redis = new RedisInboxStore({ url: server.url });
    await waitFor('the store to answer', () =>
      redis.ping().then(
        () => true,
        () => false,
      ),
    );
  }, 30_000);
  afterAll(async () => {
    redis.close();
    await server.stop();
  });

  it('answers as the one in memory, whatever it is asked in whatever order', async () => {
    expect(await numberOfAgreements(redis, 200)).toBe(200);
  }, 60_000);
});

describeWithPostgres('the store in PostgreSQL', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    if (!hasPostgres) return;
    database = await TestDatabase.create();
    await migrate(database.pool);
  }, 120_000);
  afterAll(() => database?.drop());

  it('answers as the one in memory, whatever it is asked in whatever order', async () => {
    const store = new PostgresInboxStore({ pool: database.pool, commandTimeoutMs: 60_000 });
    expect(await numberOfAgreements(store, 100)).toBe(100);
  }, 60_000);
});
