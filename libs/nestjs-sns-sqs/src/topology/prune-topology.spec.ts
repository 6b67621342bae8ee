import { FakePlanes, subscriptionArn, topicArn } from '../../test/fake-planes.js';
import { buildTopology, type DeclaredHandler } from './build-topology.js';
import { provision } from './provision.js';
import { pruneTopology, type PruneOptions } from './prune-topology.js';
import { admittedTopics } from './queue-policy.js';

const build = (...handlers: DeclaredHandler[]) =>
  buildTopology({
    service: 'notifications',
    prefix: '',
    handlers,
    settingsOf: () => ({ visibilityTimeoutSeconds: 30, retentionSeconds: 60 }),
  });
const on = (pattern: string, topic = 'users', queue = 'mail'): DeclaredHandler => ({ pattern, topic, queue });
const EMPTY = {
  ApproximateNumberOfMessages: '0',
  ApproximateNumberOfMessagesNotVisible: '0',
  ApproximateNumberOfMessagesDelayed: '0',
};

describe('pruneTopology', () => {
  /** An older version wanted more: a type, a topic and a queue. */
  async function grown() {
    const fake = new FakePlanes();
    const old = build(on('a'), on('b'), on('c', 'orders'), on('a', 'users', 'audit'));
    await provision(old, fake.planes(), 'create', { service: 'notifications', prefix: '' });
    fake.calls.length = 0;
    const prune = (options?: PruneOptions) => pruneTopology(build(on('a')), fake.planes(), options);
    return { fake, prune };
  }

  it('narrows filter and policy to what this version needs, and unsubscribes the rest', async () => {
    const { fake, prune } = await grown();
    await prune({ dryRun: false });
    expect(fake.subscriptions.get(subscriptionArn('users', 'mail'))?.['FilterPolicy']).toBe('{"type":["a"]}');
    expect(fake.subscriptions.has(subscriptionArn('orders', 'mail'))).toBe(false);
    for (const name of ['mail', 'mail-dlq']) {
      expect(admittedTopics(fake.queues.get(name)?.['Policy'])).toEqual([topicArn('users')]);
    }
    fake.calls.length = 0;
    expect(await prune({ dryRun: false })).toEqual([]);
    expect(fake.calls).toEqual([]);
  });

  it('says by default what it would do, and does nothing', async () => {
    const { fake, prune } = await grown();
    const steps = await prune({ orphans: ['audit'] });
    expect(steps.map(({ resource, text }) => `${resource} ${text}`)).toEqual([
      expect.stringContaining('mail filter of'),
      expect.stringContaining('mail is unsubscribed from'),
      expect.stringContaining('mail lets in no topic but'),
      expect.stringContaining('mail-dlq lets in no topic but'),
      expect.stringContaining('audit is unsubscribed from'),
    ]);
    expect(fake.calls).toEqual([]);
  });

  it('unsubscribes an orphan, and deletes it only when it is empty and it was asked for', async () => {
    const { fake, prune } = await grown();
    await prune({ dryRun: false, orphans: ['audit'] });
    expect(fake.subscriptions.has(subscriptionArn('users', 'audit'))).toBe(false);
    expect(fake.queues.has('audit')).toBe(true);
    Object.assign(fake.queues.get('audit') ?? {}, { ...EMPTY, ApproximateNumberOfMessagesNotVisible: '1' });
    const kept = await prune({ dryRun: false, orphans: ['audit'], deletesOrphans: true });
    expect(kept).toContainEqual({ resource: 'audit', text: 'is kept: there are messages in it' });
    expect(fake.queues.has('audit')).toBe(true);
    Object.assign(fake.queues.get('audit') ?? {}, EMPTY);
    await prune({ dryRun: false, orphans: ['audit'], deletesOrphans: true });
    expect(fake.queues.has('audit')).toBe(false);
  });

  it('keeps an orphan that was subscribed until now: messages may be on their way to it', async () => {
    const { fake, prune } = await grown();
    Object.assign(fake.queues.get('audit') ?? {}, EMPTY);
    Object.assign(fake.queues.get('audit-dlq') ?? {}, EMPTY);
    const orphan = { dryRun: false, orphans: ['audit-dlq', 'audit'], deletesOrphans: true };
    const first = await prune(orphan);
    expect(first).toContainEqual({ resource: 'audit', text: expect.stringMatching(/^is kept for now/) });
    expect([fake.queues.has('audit'), fake.queues.has('audit-dlq')]).toEqual([true, true]);
    await prune(orphan);
    expect([fake.queues.has('audit'), fake.queues.has('audit-dlq')]).toEqual([false, false]);
  });

  it('keeps the dead letter queue of an orphan that stays, on FIFO too, whichever is named first', async () => {
    const fake = new FakePlanes();
    const old = build({ pattern: 'a', queue: 'old.fifo' });
    await provision(old, fake.planes(), 'create', { service: 'notifications', prefix: '' });
    Object.assign(fake.queues.get('old-dlq.fifo') ?? {}, EMPTY);
    const orphan = { dryRun: false, orphans: ['old-dlq.fifo', 'old.fifo'], deletesOrphans: true };
    await pruneTopology(build(on('a')), fake.planes(), orphan);
    expect([fake.queues.has('old.fifo'), fake.queues.has('old-dlq.fifo')]).toEqual([true, true]);
    Object.assign(fake.queues.get('old.fifo') ?? {}, EMPTY);
    await pruneTopology(build(on('a')), fake.planes(), orphan);
    expect([fake.queues.has('old.fifo'), fake.queues.has('old-dlq.fifo')]).toEqual([false, false]);
  });

  it('deletes an orphan with the messages in it only where that was asked for', async () => {
    const { fake, prune } = await grown();
    Object.assign(fake.queues.get('audit') ?? {}, { ...EMPTY, ApproximateNumberOfMessages: '1' });
    const orphan = { dryRun: false, orphans: ['audit'], deletesOrphans: true };
    await prune(orphan);
    await prune(orphan);
    expect(fake.queues.has('audit')).toBe(true);
    await prune({ ...orphan, deletesMessages: true });
    expect(fake.queues.has('audit')).toBe(false);
  });

  it('removes nothing that has come since the dry run: another version has started', async () => {
    const { fake, prune } = await grown();
    Object.assign(fake.queues.get('audit') ?? {}, EMPTY);
    const orphans = { orphans: ['audit'], deletesOrphans: true };
    const only = await prune(orphans);
    const next = build(on('a'), on('b'), on('d'), on('c', 'orders'), on('e', 'billing'), on('a', 'users', 'new'));
    await provision(next, fake.planes(), 'create', { service: 'notifications', prefix: '' });
    Object.assign(fake.queues.get('new') ?? {}, EMPTY);
    const done = await prune({ ...orphans, orphans: ['audit', 'new'], dryRun: false, only });
    expect(fake.subscriptions.get(subscriptionArn('users', 'mail'))?.['FilterPolicy']).toContain('"d"');
    expect(admittedTopics(fake.queues.get('mail')?.['Policy'])).toContain(topicArn('billing'));
    expect(fake.subscriptions.has(subscriptionArn('billing', 'mail'))).toBe(true);
    expect(fake.queues.has('new')).toBe(true);
    expect(fake.subscriptions.has(subscriptionArn('users', 'new'))).toBe(true);
    // What was shown is done all the same.
    expect(fake.subscriptions.has(subscriptionArn('orders', 'mail'))).toBe(false);
    expect(fake.subscriptions.has(subscriptionArn('users', 'audit'))).toBe(false);
    expect(done).toContainEqual({ resource: 'new', text: expect.stringMatching(/^is left alone/) as string });
  });

  it('touches no queue that is consumed, or does not say that it is empty', async () => {
    const { fake, prune } = await grown();
    Object.assign(fake.queues.get('mail') ?? {}, EMPTY);
    await prune({ dryRun: false, orphans: ['mail', 'audit', 'unknown'], deletesOrphans: true });
    expect([fake.queues.has('mail'), fake.queues.has('audit')]).toEqual([true, true]);
  });
});
