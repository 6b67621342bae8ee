import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { MemoryInboxStore, OnDomainEvent, type InboxStore } from 'nestjs-sns-sqs';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const QUEUE = 'send-email-on-user-registered';

/** A store that does not answer while it is away. */
class AwayStore implements InboxStore {
  isAway = false;
  readonly isShared = true;
  private readonly inner = new MemoryInboxStore();

  claim: InboxStore['claim'] = (...args) => this.answer(() => this.inner.claim(...args));
  renew: InboxStore['renew'] = (...args) => this.answer(() => this.inner.renew(...args));
  done: InboxStore['done'] = (...args) => this.answer(() => this.inner.done(...args));
  release: InboxStore['release'] = (...args) => this.answer(() => this.inner.release(...args));
  ping: InboxStore['ping'] = () => this.answer(() => this.inner.ping());

  private async answer<T>(run: () => T): Promise<T> {
    if (this.isAway) throw new Error('connect ECONNREFUSED');
    return run();
  }
}

describe('while the store of the inbox is away', () => {
  const here = world();

  async function consume(onUnavailable: 'wait' | 'proceed') {
    const store = new AwayStore();
    const handled: number[] = [];
    @Controller()
    class Consumer {
      @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
      sendEmail(@Payload() { n }: { n: number }): void {
        handled.push(n);
      }
    }
    const { server, statuses } = await here.start([Consumer], { inbox: { store, onUnavailable } });
    const events = here.events();
    return { store, handled, server, statuses, emit: (n: number) => events.emit('user.registered', { n }) };
  }

  it("with 'wait' nothing is handled, the status says so, and it recovers alone", async () => {
    const { store, handled, server, statuses, emit } = await consume('wait');
    const faults: unknown[] = [];
    server.on('error', error => faults.push(error));
    store.isAway = true;
    await emit(1);
    await waitFor('the server to say so', () => statuses.at(-1) === 'reconnecting');
    await emit(2);
    expect(faults).toMatchObject([{ code: 'INBOX_UNAVAILABLE', retryable: true }]);
    expect(handled).toEqual([]);
    store.isAway = false;
    await waitFor('both to be handled', () => handled.length >= 2);
    await here.queue(QUEUE).untilEmpty();
    expect(new Set(handled)).toEqual(new Set([1, 2]));
    expect(handled).toHaveLength(2);
    expect(statuses.at(-1)).toBe('polling');
    expect(await here.queue(`${QUEUE}-dlq`).size()).toBe(0);
  });

  it("with 'proceed' messages are handled without it, and counted", async () => {
    const { store, handled, server, emit } = await consume('proceed');
    store.isAway = true;
    await emit(1);
    await emit(2);
    await waitFor('both to be handled', () => handled.length === 2);
    await here.queue(QUEUE).untilEmpty();
    expect(server.inboxCounts()[`${here.prefix}${QUEUE}`]?.unavailable).toBeGreaterThanOrEqual(2);
    expect(here.logs.with('handled without it so far', 'warn')).toHaveLength(1);
  });
});
