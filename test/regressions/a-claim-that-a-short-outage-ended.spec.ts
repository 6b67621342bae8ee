import { jest } from '@jest/globals';
import { Inbox } from '../../libs/nestjs-sns-sqs/src/inbox/inbox.js';
import { MemoryInboxStore } from '../../libs/nestjs-sns-sqs/src/inbox/memory-inbox-store.js';
import { StoreHealth } from '../../libs/nestjs-sns-sqs/src/inbox/store-health.js';
import type { InboxStore } from '../../libs/nestjs-sns-sqs/src/interfaces/inbox-store.interface.js';
import type { SqsWire } from '../../libs/nestjs-sns-sqs/src/interfaces/wire.interface.js';
import { consumerSettings } from '../../libs/nestjs-sns-sqs/src/options/server-options.js';
import { Delivery } from '../../libs/nestjs-sns-sqs/src/server/delivery.js';
import { Heartbeat } from '../../libs/nestjs-sns-sqs/src/server/settle/heartbeat.js';
import { InboxGate } from '../../libs/nestjs-sns-sqs/src/server/handle/inbox-gate.js';

const LEASE_SECONDS = 30;
const logger = { warn: () => undefined };
const until = (seconds: number) => jest.advanceTimersByTimeAsync(seconds * 1000 - performance.now());

/** A process that shares the inbox. */
function processOver(store: InboxStore) {
  const rules = consumerSettings({}, 'q');
  const health = new StoreHealth({
    queue: 'q',
    store,
    onUnavailable: 'wait',
    logger,
    onFault: () => undefined,
    onRecovery: () => undefined,
  });
  const inbox = new Inbox({
    queue: 'q',
    store,
    health,
    rules: { ...rules, leaseMs: LEASE_SECONDS * 1000, rememberForMs: 60_000 },
  });
  const decode = () => ({ metadata: { id: 'm', source: 's', type: 'a' }, data: {} });
  const gate = new InboxGate({ inbox, decode, rules, knowsAttempts: true });
  const changeVisibilityBatch: SqsWire['changeVisibilityBatch'] = (_, entries) =>
    Promise.resolve({ successful: entries.map(({ id }) => ({ id })), failed: [] });
  const heartbeat = new Heartbeat({
    queueUrl: 'url',
    queueName: 'q',
    wire: { changeVisibilityBatch } as unknown as SqsWire,
    visibilityTimeoutSeconds: LEASE_SECONDS,
    logger,
    renewClaims: due => gate.renew(due),
  });
  const receive = (id: string) => {
    const delivery = new Delivery(
      { MessageId: id, ReceiptHandle: id },
      performance.now(),
      performance.now() + LEASE_SECONDS * 1000,
    );
    heartbeat.track(delivery);
    return delivery;
  };
  return { gate, health, heartbeat, receive };
}

describe('a claim whose handler runs', () => {
  beforeEach(() => void jest.useFakeTimers({ now: 0 }));
  afterEach(() => void jest.useRealTimers());

  it('outlives an outage of the store that is shorter than what is left of it, whichever ticks fall into that', async () => {
    const memory = new MemoryInboxStore({ now: () => performance.now() });
    let isAway = false;
    const orAway = async <T>(work: () => T): Promise<T> => {
      if (isAway) throw new Error('away');
      return work();
    };
    const store: InboxStore = {
      isShared: true,
      claim: (...args) => orAway(() => memory.claim(...args)),
      renew: (...args) => orAway(() => memory.renew(...args)),
      done: (...args) => orAway(() => memory.done(...args)),
      release: (...args) => orAway(() => memory.release(...args)),
      ping: () => orAway(() => undefined),
    };
    const one = processOver(store);
    const other = processOver(store);
    // The heartbeat's ticks are at 10, 20, 30 s; the claim's lease ends at 35 s.
    one.receive('first');
    await until(5);
    const delivery = one.receive('m');
    await one.gate.enter(delivery);

    await until(19);
    isAway = true;
    await until(32);
    isAway = false;
    await until(36);

    expect(delivery.leaseLost).toBe(false);
    const copy = await other.gate.enter(other.receive('copy of m'));
    expect(copy).toMatchObject({ settlement: { kind: 'wait', why: 'in-work' } });
    for (const { health, heartbeat } of [one, other]) {
      health.stop();
      heartbeat.stop();
    }
  });
});
