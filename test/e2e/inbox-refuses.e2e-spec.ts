import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { Cluster } from 'ioredis';
import { OnDomainEvent, SnsRecordBuilder, type SqsContext } from 'nestjs-sns-sqs';
import { RedisInboxStore } from 'nestjs-sns-sqs/redis';
import { describeWithRedis, hasRedis, RedisServer } from '../support/redis-server.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const USE_CASES = ['send-email', 'count'] as const;
type UseCase = (typeof USE_CASES)[number];
const queueOf = (useCase: UseCase): string => `${useCase}-on-user-registered`;

describeWithRedis('a Redis that answers and refuses', () => {
  const here = world();
  let redis: RedisServer;
  beforeAll(async () => {
    if (hasRedis) redis = await RedisServer.start({ cluster: true });
    await redis?.client.config('SET', 'cluster-require-full-coverage', 'no');
  }, 30_000);
  afterAll(() => redis?.stop());

  async function consume() {
    const cluster = new Cluster([{ host: '127.0.0.1', port: redis.port }], {
      retryDelayOnClusterDown: 20,
      maxRedirections: 2,
    });
    here.onClose(() => cluster.disconnect());
    await waitFor('the cluster to answer', () => cluster.status === 'ready');
    const handled: Record<UseCase, number[]> = { 'send-email': [], count: [] };
    const attempts: number[] = [];
    const note = (useCase: UseCase, n: number, context: SqsContext): void => {
      handled[useCase].push(n);
      attempts.push(context.getAttempt());
    };
    @Controller()
    class Consumer {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
      sendEmail(@Payload() { n }: { n: number }, @Ctx() context: SqsContext): void {
        note('send-email', n, context);
      }

      @OnDomainEvent('user.registered', { from: 'users', useCase: 'count' })
      count(@Payload() { n }: { n: number }, @Ctx() context: SqsContext): void {
        note('count', n, context);
      }
    }
    // The cluster always answers: on a busy machine late, which would be another fault than the refusal.
    const store = new RedisInboxStore({ client: cluster, prefix: here.prefix, commandTimeoutMs: 15_000 });
    const running = await here.start([Consumer], { inbox: { store } });
    const events = here.events();
    const emit = (...numbers: number[]): Promise<unknown> =>
      Promise.all(
        numbers.map(n => events.emit('user.registered', new SnsRecordBuilder({ n }).setId(`event-${n}`).build())),
      );
    const untilHandled = (useCase: UseCase, count: number): Promise<unknown> =>
      waitFor(`${useCase} to have handled ${count}`, () => new Set(handled[useCase]).size >= count);
    const letters = (): Promise<number[]> =>
      Promise.all(USE_CASES.map(useCase => here.queue(`${queueOf(useCase)}-dlq`).size()));
    return { ...running, handled, attempts, emit, untilHandled, letters };
  }

  it('stops the queue whose slot is away, and no other; then nothing is lost and no attempt used', async () => {
    const { handled, attempts, emit, untilHandled, letters, statuses } = await consume();
    const slot = String(await redis.client.call('CLUSTER', 'KEYSLOT', `{${here.prefix}${queueOf('send-email')}}`));
    await redis.client.call('CLUSTER', 'DELSLOTS', slot);
    await emit(1, 2, 3);
    await untilHandled('count', 3);
    await waitFor('the fault to be told', () => statuses.at(-1) === 'reconnecting');
    await emit(4, 5);
    await untilHandled('count', 5);
    expect(handled['send-email']).toEqual([]);
    await redis.client.call('CLUSTER', 'ADDSLOTS', slot);
    await untilHandled('send-email', 5);
    await waitFor('the recovery to be told', () => statuses.at(-1) === 'polling');
    expect(statuses.slice(statuses.indexOf('polling'))).toEqual(['polling', 'reconnecting', 'polling']);
    expect(handled).toMatchObject({ 'send-email': { length: 5 }, count: { length: 5 } });
    expect(new Set(attempts)).toEqual(new Set([1]));
    expect(await letters()).toEqual([0, 0]);
    expect(here.logs.with('The store of the inbox', 'error')).toEqual([
      expect.stringContaining(`what ${here.prefix}${queueOf('send-email')} needs`),
    ]);
  });

  it('lets one message wait whose record is another, and handles the others', async () => {
    const { handled, attempts, emit, untilHandled, letters, statuses } = await consume();
    const key = `${here.prefix}:{${here.prefix}${queueOf('count')}}:e:.5:users:event-2`;
    await redis.client.hset(key, 'not', 'ours');
    await emit(1, 2, 3);
    await untilHandled('send-email', 3);
    await untilHandled('count', 2);
    await redis.client.del(key);
    await emit(4);
    await untilHandled('count', 4);
    expect(handled.count).toHaveLength(4);
    expect(new Set(handled.count)).toEqual(new Set([1, 2, 3, 4]));
    expect(new Set(attempts)).toEqual(new Set([1]));
    expect(statuses.at(-1)).toBe('polling');
    expect(statuses).not.toContain('reconnecting');
    expect(await letters()).toEqual([0, 0]);
  });
});
