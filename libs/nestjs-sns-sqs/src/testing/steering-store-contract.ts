import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { MaybePromise } from '../interfaces/inbox-store.interface.js';
import type { SteeringStore } from '../interfaces/steering-store.interface.js';
import { pass, until } from './contract-claims.js';
import type { ContractRunner } from './inbox-store-contract.js';

/** One store as two processes see it. */
export interface SteeringContractSubject {
  one: SteeringStore;
  other: SteeringStore;
  /** Called after each test. */
  close?: (() => MaybePromise<void>) | undefined;
}

const globals: unknown = globalThis;

/**
 * The behaviour that every `SteeringStore` must have, as tests. `create` is called for each test. Each test works on a
 * queue of its own, so a store that is there already is fine.
 *
 * @example
 * ```ts
 * const store = new RedisInboxStore({ url: 'redis://127.0.0.1:6379' });
 * steeringStoreContract('Redis', () => ({ one: store.steering, other: store.steering }));
 * ```
 */
export function steeringStoreContract(
  name: string,
  create: () => MaybePromise<SteeringContractSubject>,
  runner: ContractRunner = globals as ContractRunner,
): void {
  const it = (what: string, run: (subject: SteeringContractSubject, queue: string) => Promise<void>): void => {
    runner.it(what, async () => {
      const subject = await create();
      try {
        await run(subject, `contract-${randomUUID()}`);
      } finally {
        await subject.close?.();
      }
    });
  };

  runner.describe(`${name} as a SteeringStore`, () => {
    it('gives all processes one bucket, full at first, that fills with time', async ({ one, other }, queue) => {
      const limit = { messages: 100, perSeconds: 1 };
      const startedAt = performance.now();
      const take = async (): Promise<number> => {
        const grants = await Promise.all([one, other, one].map(async store => store.takeRate(queue, 60, limit)));
        return grants.reduce((sum, { granted }) => sum + granted, 0);
      };
      let total = await take();
      assert.ok(total >= 100, `${total} of a full bucket`);
      await until(
        async () => (total += await take()),
        sum => sum >= 150,
      );
      const seconds = (performance.now() - startedAt) / 1000;
      assert.ok(total <= 101 + 100 * seconds, `${total} in ${seconds} s`);
    });

    it('grants whole messages, and tells when there is one more', async ({ one, other }, queue) => {
      const limit = { messages: 1, perSeconds: 10 };
      assert.deepEqual(await one.takeRate(queue, 5, limit), { granted: 1, retryAfterMs: 10_000 });
      const { granted, retryAfterMs } = await other.takeRate(queue, 5, limit);
      assert.equal(granted, 0);
      assert.ok(retryAfterMs > 5_000 && retryAfterMs <= 10_000, `${retryAfterMs} ms`);
      assert.equal((await one.takeRate(`${queue}-another`, 5, limit)).granted, 1);
    });

    it('lets the bucket pay for what was spent, even with what it does not have yet', async ({ one }, queue) => {
      const limit = { messages: 1, perSeconds: 10 };
      const { granted, retryAfterMs } = await one.takeRate(queue, 1, limit, 3);
      assert.equal(granted, 0);
      assert.ok(retryAfterMs > 25_000 && retryAfterMs <= 30_000, `${retryAfterMs} ms`);
    });

    it('gives each key turns of its own, over all processes', async ({ one, other }, queue) => {
      const limit = { messages: 2, perSeconds: 1 };
      const ask = async (store: SteeringStore, key: string) => store.takeTurn(queue, key, limit, false);
      const startedAt = performance.now();
      for (const store of [one, other, one, other]) assert.equal(await ask(store, 'a'), 0);
      const waits = await Promise.all([one, other, one, other].map(store => ask(store, 'a')));
      // One after the other, half a second apart, whoever asked; what the calls took is waited no more.
      const places = waits.toSorted((x, y) => x - y).map(ms => ms / 500);
      const sinceStart = (performance.now() - startedAt) / 500;
      places.forEach((place, at) => assert.ok(place > at - sinceStart && place <= at + 1.02, `${waits.join()} ms`));
      assert.equal(await ask(one, 'b'), 0);
      assert.equal(await one.takeTurn(`${queue}-another`, 'a', limit, false), 0);
    });

    it('gives the next turn to one that has waited, not to one that is new', async ({ one, other }, queue) => {
      const limit = { messages: 10, perSeconds: 4 };
      const ask = (store: SteeringStore, hasWaited: boolean) => store.takeTurn(queue, 'a', limit, hasWaited);
      for (let n = 0; n < 20; n += 1) await ask(one, false);
      for (let n = 0; n < 20; n += 1) await ask(other, false);
      await pass(450);
      const isNew = await ask(one, false);
      assert.ok(isNew > 1_000, `${isNew} ms`);
      assert.equal(await ask(other, true), 0);
    });

    it('has those wait again who come too early, before those that are new', async ({ one, other }, queue) => {
      const limit = { messages: 1, perSeconds: 60 };
      const ask = (store: SteeringStore, hasWaited: boolean) => store.takeTurn(queue, 'a', limit, hasWaited);
      assert.equal(await ask(one, false), 0);
      for (let n = 0; n < 5; n += 1) await ask(other, false);
      const [first, second, isNew] = [await ask(one, true), await ask(other, true), await ask(one, false)];
      assert.ok(first > 42_000 && first <= 59_000, `${first} ms`);
      assert.ok(second > 102_000 && second <= 119_000, `${second} ms`);
      assert.ok(isNew > 342_000 && isNew <= 359_000, `${isNew} ms`);
    });

    it('knows the paused queues of a scope, in every process', async ({ one, other }, queue) => {
      const scope = `scope-${queue}`;
      await one.setPaused(scope, `${queue}-a`, true);
      await one.setPaused(scope, `${queue}-a`, true);
      await one.setPaused(`${scope}-another`, `${queue}-b`, true);
      assert.deepEqual(await other.pausedQueues(scope), [`${queue}-a`]);
      await other.setPaused(scope, `${queue}-a`, false);
      await other.setPaused(scope, `${queue}-a`, false);
      assert.deepEqual(await one.pausedQueues(scope), []);
    });
  });
}
