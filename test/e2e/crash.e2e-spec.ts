import { CompiledConsumer, type ChildConsumer, type Fact } from '../support/child-consumer.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const COUNT = 5;
/** Far from the 20 s that `shutdownTimeoutMs` would let it take. */
const SOON_MS = 10_000;
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('a consumer process', () => {
  const here = world();
  let compiled: CompiledConsumer;

  beforeAll(async () => {
    compiled = await CompiledConsumer.compile();
  });

  afterAll(() => compiled.remove());

  async function run({ hang }: { hang: boolean }): Promise<ChildConsumer> {
    const options = here.serverOptions({ consumer: { visibilityTimeoutSeconds: 2, maxReceiveCount: 5 } });
    const child = await compiled.run({ options, hang });
    here.onClose(() => child.end('SIGKILL'));
    return child;
  }

  it('killed in mid-handler (kill -9) loses nothing: another process handles it all again, commands in order', async () => {
    const first = await run({ hang: true });
    const events = here.events();
    const commands = here.commands({ groupId: () => 'user-1' });
    await Promise.all(upTo(COUNT).map(n => events.emit('user.registered', { n })));
    await Promise.all(upTo(COUNT).map(n => commands.emit('send-welcome-email', { n })));
    const started = (facts: Fact[]) => facts.filter(fact => fact.started);
    await waitFor('all events and the first command to be in work', () => started(first.facts).length === COUNT + 1);
    await first.end('SIGKILL');

    const second = await run({ hang: false });
    const finished = (kind: string) => second.facts.filter(fact => fact.finished === kind).map(({ n }) => n);
    await waitFor('all to be handled', () => finished('event').length + finished('command').length >= 2 * COUNT);
    await here.queue('send-email-on-user-registered').untilEmpty();
    await here.queue('notifications-async-commands.fifo').untilEmpty();
    expect(new Set(finished('event'))).toEqual(new Set(upTo(COUNT)));
    expect(finished('event')).toHaveLength(COUNT);
    expect(finished('command')).toEqual(upTo(COUNT));
    expect(second.facts.find(fact => fact.started === 'event')?.attempt).toBe(2);
    expect(await here.queue('send-email-on-user-registered-dlq').size()).toBe(0);
    expect(await here.queue('notifications-async-commands-dlq.fifo').size()).toBe(0);
  });

  it('told to stop (SIGTERM) ends by itself within seconds', async () => {
    const child = await run({ hang: false });
    const startedAt = Date.now();
    await child.end('SIGTERM');
    expect(Date.now() - startedAt).toBeLessThan(SOON_MS);
  });
});
