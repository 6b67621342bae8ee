import { SnsRecordBuilder } from 'nestjs-sns-sqs';
import { CompiledConsumer, type ChildConsumer } from '../support/child-consumer.js';
import { randomOf } from '../support/random.mjs';
import { describeWithRedis, RedisServer } from '../support/redis-server.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

/** `npm test` takes a sample. */
const SUBJECTS = process.env['EXHAUSTIVE'] ? 200 : 24;
const EVENTS_PER_SUBJECT = 10;
const EVENTS = SUBJECTS * EVENTS_PER_SUBJECT;
const CONSUMERS = 3;
const KILL_EVERY_MS = 1_000;
const REDIS_AWAY_MS = 5_000;
const DEADLINE_MS = process.env['AWS_ENDPOINT_URL'] ? 400_000 : 150_000;
const USE_CASES = ['count', 'project'] as const;
const QUEUES = USE_CASES.map(useCase => `${useCase}-on-account-changed`);

/** What `inbox-consumer.ts` tells. */
interface Fact {
  listening?: number;
  effect?: (typeof USE_CASES)[number];
  settled?: (typeof USE_CASES)[number];
  outcome?: string;
  id: string;
  subject: string;
  sequence: number;
  at: string;
}

describeWithRedis(`${EVENTS} events published twice each, shuffled, to three consumer processes`, () => {
  const here = world();
  let compiled: CompiledConsumer;
  let redis: RedisServer;

  beforeAll(async () => {
    compiled = await CompiledConsumer.compile('inbox-consumer');
    redis = await RedisServer.start();
  });

  afterAll(async () => {
    await redis?.stop();
    await compiled?.remove();
  });

  /** A fixed shuffle: the test is the same in every run as far as it is up to the test. */
  function shuffled<T>(items: readonly T[]): T[] {
    const random = randomOf(20_260_101);
    return items
      .map(item => ({ item, rank: random() }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ item }) => item);
  }

  async function publishAll(): Promise<void> {
    const events = here.events({ service: 'accounts' });
    const numbers = Array.from({ length: EVENTS }, (_, n) => n);
    await Promise.all(
      shuffled([...numbers, ...numbers]).map(n => {
        const record = new SnsRecordBuilder({ n })
          .setId(`event-${n}`)
          .setSubject(`account-${n % SUBJECTS}`)
          .setSequence(Math.floor(n / SUBJECTS) + 1)
          .build();
        return events.emit('account.changed', record);
      }),
    );
  }

  /** All that ever ran, and the ones among them that run now; a killed one is replaced. */
  class Consumers {
    readonly all: ChildConsumer<Fact>[] = [];
    private readonly running: ChildConsumer<Fact>[] = [];
    private readonly found = new Set<string>();
    private readonly counted = new Map<ChildConsumer<Fact>, number>();

    async start(): Promise<void> {
      const options = here.serverOptions({
        consumer: {
          // A claim lasts as long: two thirds of it, which are left at least, are longer than Redis is away, also where a
          // busy machine takes seconds to start it again.
          visibilityTimeoutSeconds: 20,
          maxReceiveCount: 100,
          gapTimeoutMs: 300_000,
          backoff: { initialSeconds: 0, maxSeconds: 1 },
        },
      });
      const child = await compiled.run<Fact>({ options, redisUrl: redis.url });
      here.onClose(() => child.end('SIGKILL'));
      this.all.push(child);
      this.running.push(child);
    }

    async replaceOldest(): Promise<void> {
      await this.running.shift()?.end('SIGKILL');
      await this.start();
    }

    get effects(): Fact[] {
      return this.all.flatMap(({ facts }) => facts.filter(({ effect }) => effect));
    }

    /** How many different effects there were; asked often, so each is looked at once. */
    get different(): number {
      for (const child of this.all) {
        const counted = this.counted.get(child) ?? 0;
        for (const { effect, id } of child.facts.slice(counted)) if (effect) this.found.add(`${effect} ${id}`);
        this.counted.set(child, child.facts.length);
      }
      return this.found.size;
    }
  }

  /**
   * One effect of every event in each use case. A process that is killed between an effect and the word to the inbox
   * that it is done leaves the event to another: no inbox can know of what nobody was told. So an effect that was not
   * settled, of a process that was killed, may come a second time, and no other.
   */
  async function expectEachOnceAndInOrder(consumers: Consumers): Promise<void> {
    for (const useCase of USE_CASES) {
      const isCutOff = new Map<Fact, boolean>();
      for (const { facts, wasKilled } of consumers.all) {
        const settled = new Set(facts.filter(fact => fact.settled === useCase).map(({ id }) => id));
        for (const fact of facts.filter(({ effect }) => effect === useCase)) {
          isCutOff.set(fact, wasKilled && !settled.has(fact.id));
        }
      }
      const counted = new Map<string, number>();
      for (const [{ id }, cutOff] of isCutOff) counted.set(id, (counted.get(id) ?? 0) + (cutOff ? 0 : 1));
      expect(counted.size).toBe(EVENTS);
      expect([...counted].filter(([, count]) => count > 1)).toEqual([]);
    }
    const bySubject = new Map<string, Fact[]>();
    const projected = consumers.effects.filter(({ effect }) => effect === 'project');
    for (const fact of projected.sort((a, b) => (BigInt(a.at) < BigInt(b.at) ? -1 : 1))) {
      bySubject.set(fact.subject, [...(bySubject.get(fact.subject) ?? []), fact]);
    }
    expect(bySubject.size).toBe(SUBJECTS);
    for (const effects of bySubject.values()) {
      const sequences = effects.map(({ sequence }) => sequence).filter((each, index, all) => each !== all[index - 1]);
      expect(sequences).toEqual(Array.from({ length: EVENTS_PER_SUBJECT }, (_, index) => index + 1));
    }
    const letters = await Promise.all(QUEUES.map(queue => here.queue(`${queue}-dlq`).size()));
    expect(letters).toEqual([0, 0]);
  }

  it(
    'of which one is killed every second, with Redis away for five: each effect once, in order where asked for',
    async () => {
      const consumers = new Consumers();
      await Promise.all(Array.from({ length: CONSUMERS }, () => consumers.start()));
      await publishAll();
      let isOver = false;
      here.onClose(() => (isOver = true));
      const killing = (async () => {
        for (let killedAt = Date.now(); !isOver; killedAt = Date.now()) {
          await waitFor('a second to pass, or the end', () => isOver || Date.now() - killedAt >= KILL_EVERY_MS);
          if (!isOver) await consumers.replaceOldest();
        }
      })();
      await waitFor('a tenth to be done', () => consumers.different > EVENTS / 5, DEADLINE_MS);
      await redis.halt();
      const haltedAt = Date.now();
      expect(consumers.different).toBeLessThan(2 * EVENTS);
      await waitFor('Redis to have been away for five seconds', () => Date.now() - haltedAt >= REDIS_AWAY_MS);
      await redis.launch();
      await waitFor(
        'an effect of every event in both use cases',
        () => consumers.different === 2 * EVENTS,
        DEADLINE_MS,
      );
      isOver = true;
      await killing;
      await waitFor(
        'the queues to be empty',
        async () => (await Promise.all(QUEUES.map(queue => here.queue(queue).size()))).every(size => size === 0),
        DEADLINE_MS,
      );
      // A busy machine replaces few before all is done.
      expect(consumers.all.length).toBeGreaterThan(CONSUMERS + 1);
      await expectEachOnceAndInOrder(consumers);
    },
    2 * DEADLINE_MS,
  );
});
