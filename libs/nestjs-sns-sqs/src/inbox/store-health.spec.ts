import { jest } from '@jest/globals';
import type { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { InboxStore } from '../interfaces/inbox-store.interface.js';
import { MemoryInboxStore } from './memory-inbox-store.js';
import { StoreHealth } from './store-health.js';

type Method = 'claim' | 'renew' | 'release' | 'done';

/** A store that answers a ping, and refuses what a test says. */
class RefusingStore {
  reason: string | undefined;
  readonly refused = new Set<Method>(['claim', 'renew', 'release', 'done']);
  readonly inner = new MemoryInboxStore({ now: () => performance.now() });

  claim: InboxStore['claim'] = (...args) => this.answer('claim', () => this.inner.claim(...args));
  renew: InboxStore['renew'] = (...args) => this.answer('renew', () => this.inner.renew(...args));
  release: InboxStore['release'] = (...args) => this.answer('release', () => this.inner.release(...args));
  done: InboxStore['done'] = (...args) => this.answer('done', () => this.inner.done(...args));

  private async answer<T>(method: Method, run: () => T): Promise<T> {
    if (this.reason !== undefined && this.refused.has(method)) throw new Error(this.reason);
    return run();
  }
}

describe('StoreHealth', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  function healthOf(store: RefusingStore, onUnavailable: 'wait' | 'proceed' = 'wait') {
    const told: string[] = [];
    const health = new StoreHealth({
      store,
      queue: 'q',
      hasSubjects: true,
      onUnavailable,
      logger: { warn: () => undefined },
      onFault: (error: SnsSqsError) => told.push(error.message),
      onRecovery: () => told.push('recovered'),
      random: () => 0,
    });
    return { health, told };
  }

  it.each<Method>(['claim', 'renew', 'release', 'done'])('is not back before %s succeeds too', async method => {
    const store = new RefusingStore();
    store.reason = 'OOM command not allowed';
    store.refused.clear();
    store.refused.add(method);
    const { health, told } = healthOf(store);
    health.failed(new Error(store.reason));
    await jest.advanceTimersByTimeAsync(20_000);
    expect(health.isPaused).toBe(true);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/does not do what q needs: OOM/);
    store.reason = undefined;
    await jest.advanceTimersByTimeAsync(5_000);
    expect(health.isPaused).toBe(false);
    expect(told.slice(1)).toEqual(['recovered']);
  });

  it('leaves nothing in the store', async () => {
    const store = new RefusingStore();
    const { health } = healthOf(store);
    await health.check();
    await jest.advanceTimersByTimeAsync(2);
    const claims = jest.spyOn(store.inner, 'claim');
    await health.check();
    expect(claims.mock.results.map(({ value }) => value)).toEqual([
      { status: 'claimed', attempt: 1 },
      { status: 'claimed', attempt: 1 },
    ]);
  });

  it('tells a reason once, however its text varies, and another one when it comes', async () => {
    const store = new RefusingStore();
    const { health, told } = healthOf(store);
    store.reason = 'READONLY script: 1a2b, on @user_script:3.';
    health.failed(new Error(store.reason));
    health.failed(new Error('READONLY script: 3c4d, on @user_script:5.'));
    // Calls under way when the connection is remade.
    health.failed(new Error('Connection is closed.'));
    await jest.advanceTimersByTimeAsync(2_000);
    store.reason = 'NOREPLICAS Not enough good replicas to write.';
    await jest.advanceTimersByTimeAsync(10_000);
    expect(told.map(text => /READONLY|NOREPLICAS|Connection/.exec(text)?.[0])).toEqual(['READONLY', 'NOREPLICAS']);
  });

  it('knows the reasons of PostgreSQL by their code', async () => {
    const store = new RefusingStore();
    const { health, told } = healthOf(store);
    store.reason = 'PostgreSQL, SQLSTATE 25006: cannot execute UPDATE in a read-only transaction';
    health.failed(new Error(store.reason));
    health.failed(new Error('PostgreSQL, SQLSTATE 25006: cannot execute INSERT in a read-only transaction'));
    await jest.advanceTimersByTimeAsync(2_000);
    store.reason = 'PostgreSQL, SQLSTATE 53300: sorry, too many clients already';
    await jest.advanceTimersByTimeAsync(10_000);
    expect(told.map(text => /SQLSTATE (\w+)/.exec(text)?.[1])).toEqual(['25006', '53300']);
  });

  it.each([
    ['PostgreSQL, SQLSTATE 42P01: relation "inbox_events" does not exist', 'npx nestjs-sns-sqs outbox migrate'],
    ['PostgreSQL, SQLSTATE 3F000: schema "nestjs_sns_sqs" does not exist', 'npx nestjs-sns-sqs outbox migrate'],
    ['PostgreSQL, SQLSTATE 42501: permission denied', 'nestjs-sns-sqs/docs/inbox-postgres.md'],
    ["READONLY You can't write against a read only replica.", 'reconnectOnError'],
    ['OOM command not allowed', 'memory'],
    ['WRONGPASS invalid username-password pair', 'password'],
    ['connect ECONNREFUSED 127.0.0.1:6379', 'check that the store runs, and its address'],
    ['MISCONF Errors writing to the AOF file', 'accepts writes'],
  ])('says what to do about: %s', (reason, remedy) => {
    const { health, told } = healthOf(new RefusingStore());
    health.failed(new Error(reason));
    expect(told[0]).toMatch(/ Remedy: [^.]+/);
    expect(told[0]?.split(' Remedy: ')[1]).toContain(remedy);
    health.stop();
  });

  it('tells that a store that refused cannot be reached any more, once', async () => {
    const store = new RefusingStore();
    const { health, told } = healthOf(store);
    store.reason = 'OOM command not allowed';
    health.failed(new Error(store.reason));
    store.reason = 'connect ECONNREFUSED 127.0.0.1:6379';
    await jest.advanceTimersByTimeAsync(20_000);
    expect(told).toHaveLength(2);
    expect(told[1]).toContain('ECONNREFUSED');
  });

  it('asks as seldom as before when a recovery did not last, and soon again after one that did', async () => {
    const store = new RefusingStore();
    const { health, told } = healthOf(store);
    let states = 0;
    // Works whenever it is asked, and refuses what comes after.
    for (let second = 0; second < 60; second += 1) {
      if (!health.isUnavailable) {
        health.failed(new Error('OOM'));
        states += 1;
      }
      await jest.advanceTimersByTimeAsync(1_000);
    }
    expect(states).toBeLessThan(25);
    await jest.advanceTimersByTimeAsync(60_000);
    told.length = 0;
    health.failed(new Error('OOM'));
    await jest.advanceTimersByTimeAsync(200);
    expect(told.at(-1)).toBe('recovered');
  });

  it("says with 'proceed' that messages are handled without it", () => {
    const { health, told } = healthOf(new RefusingStore(), 'proceed');
    health.failed(new Error('away'));
    expect(health.isPaused).toBe(false);
    expect(told[0]).toContain('The messages of q are handled without it');
  });
});
