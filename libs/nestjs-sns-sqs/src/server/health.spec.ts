import { healthOf, outboxHealthOf, type HealthFacts } from './health.js';

const idle = { inFlight: 0, running: 0, receives: 1, leases: 0, settlements: 0, overdue: 0 };
const facts = (changes: Partial<HealthFacts> = {}): HealthFacts => ({
  isPolling: true,
  state: 'polling',
  queues: [
    { name: 'a', concurrency: 2, snapshot: idle },
    { name: 'b', concurrency: 2, snapshot: idle },
  ],
  receiveFaults: new Map(),
  inboxFaults: new Map(),
  inboxIsNeeded: true,
  ...changes,
});

describe('healthOf', () => {
  it('is up where the server polls and every queue is up', () => {
    expect(healthOf(facts())).toEqual({
      status: 'up',
      queues: { a: { status: 'up', ...idle }, b: { status: 'up', ...idle } },
      inbox: { status: 'up' },
    });
  });

  it('is down with one queue, and says which and why', () => {
    const health = healthOf(facts({ receiveFaults: new Map([['b', { message: 'denied' }]]) }));
    expect(health).toMatchObject({
      status: 'down',
      queues: { a: { status: 'up' }, b: { status: 'down', reason: 'denied' } },
    });
    expect(health).not.toHaveProperty('reason');
  });

  it.each([
    [true, 'down'],
    [false, 'up'],
  ])('of a queue whose inbox is away: where it is needed (%p) it is %s', (inboxIsNeeded, status) => {
    const inboxFaults = new Map([['a', { message: 'READONLY' }]]);
    const health = healthOf(facts({ inboxFaults, inboxIsNeeded }));
    expect(health.inbox).toEqual({ status: 'down', reason: 'READONLY' });
    expect(health.queues['a']?.status).toBe(status);
    expect(health.queues['b']?.status).toBe('up');
  });

  it('is down for a queue whose slots are all held by handlers that outlive their time', () => {
    const snapshot = { ...idle, running: 2, overdue: 2 };
    const health = healthOf(facts({ queues: [{ name: 'a', concurrency: 2, snapshot }] }));
    expect(health.queues['a']).toMatchObject({ status: 'down', overdue: 2, reason: expect.stringMatching(/2 slots/) });
  });

  it('is down before the start is over, and when the server stops', () => {
    const health = healthOf(facts({ isPolling: false, state: 'draining' }));
    expect(health).toMatchObject({
      status: 'down',
      reason: 'The server is draining',
      queues: { a: { status: 'down' } },
    });
  });

  it('says nothing of an inbox that is not there', () => {
    expect(healthOf(facts({ inboxFaults: undefined }))).not.toHaveProperty('inbox');
  });
});

describe('outboxHealthOf', () => {
  const of = (waiting: number, oldestMs: number) => ({
    destination: 'sns:a',
    waiting,
    oldestMs,
    refused: 1,
    scheduled: 2,
  });

  it('is nothing where this process relays no outbox', () => {
    expect(outboxHealthOf([])).toBeUndefined();
  });

  it('adds up what waits, and tells the oldest', () => {
    const outbox = { fault: undefined, status: [of(3, 1_000), of(4, 500)] };
    expect(outboxHealthOf([outbox])).toEqual({ status: 'up', waiting: 7, oldestMs: 1_000, refused: 2, scheduled: 4 });
  });

  it('is down, with the reason, where messages are not published', () => {
    const down = { fault: 'AWS is away', status: [] };
    expect(outboxHealthOf([{ fault: undefined, status: [] }, down])).toMatchObject({
      status: 'down',
      reason: 'AWS is away',
    });
  });
});
