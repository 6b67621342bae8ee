import type { Admission } from '../../inbox/admission.js';
import type { Inbox } from '../../inbox/inbox.js';
import { Delivery } from '../delivery.js';
import type { RetryRules } from '../settle/retry-policy.js';
import { InboxGate } from './inbox-gate.js';

/** Four delays of 8 s at least, each a second shorter at SQS. */
const SCHEDULE_MS = 28_000;
const rules: RetryRules = {
  maxReceiveCount: 5,
  backoff: { initialSeconds: 10, factor: 1, maxSeconds: 10 },
  onGroupFailure: 'block',
  retryLaterForSeconds: 60,
  unknownTypeGraceSeconds: 60,
  retentionSeconds: 1_209_600,
  isPermanent: () => false,
};

/** What follows for an event of which a shared store says so. */
function verdictOn(
  known: Omit<Admission & { kind: 'run' }, 'kind'>,
  maxReceiveCount = 5,
  knowsAttempts = true,
): unknown {
  const inbox = { admit: () => ({ kind: 'run', ...known }) } as unknown as Inbox;
  const decode = () => ({ metadata: { id: 'e', source: 's', type: 't' }, data: {} });
  const gate = new InboxGate({ inbox, decode, rules: { ...rules, maxReceiveCount }, knowsAttempts });
  return gate.enter(new Delivery({ MessageId: 'm', Attributes: { ApproximateReceiveCount: '9' } }, 0, 0));
}

const runs = expect.objectContaining({ kind: 'run' }) as unknown;
const fails = (how: string, attempt: number): unknown =>
  expect.objectContaining({
    kind: 'fail',
    attempt,
    error: expect.objectContaining({ code: 'ATTEMPTS_EXHAUSTED', facts: expect.objectContaining({ how }) }) as unknown,
  });

describe('InboxGate, by the attempts of a store that all processes share', () => {
  it('runs what has attempts left, and tells since when it is tried', async () => {
    expect(await verdictOn({ attempt: 5, sinceFirstMs: 7 })).toEqual({ kind: 'run', attempt: 5, sinceFirstMs: 7 });
    expect(await verdictOn({ attempt: 1 })).toEqual({ kind: 'run', attempt: 1 });
  });

  it('runs what seven copies have tried too quickly, however often', async () => {
    for (const attempt of [6, 10, 70]) {
      expect(await verdictOn({ attempt, sinceFirstMs: SCHEDULE_MS - 1 })).toEqual(runs);
      expect(await verdictOn({ attempt, sinceFirstMs: SCHEDULE_MS })).toEqual(fails('elsewhere', attempt - 1));
    }
  });

  it('runs that too when one of its processes has died', async () => {
    expect(await verdictOn({ attempt: 10, sinceFirstMs: 5_000, isTakenOver: true, deaths: 1 })).toEqual(runs);
    expect(await verdictOn({ attempt: 10, sinceFirstMs: SCHEDULE_MS, deaths: 1 })).toEqual(fails('elsewhere', 9));
  });

  it('runs it alone where the process of its last attempt has died: that may have been of another message', async () => {
    const diedLast = { sinceFirstMs: SCHEDULE_MS, isTakenOver: true };
    expect(await verdictOn({ attempt: 6, deaths: 1, ...diedLast })).toMatchObject({ kind: 'run', isSuspect: true });
    expect(await verdictOn({ attempt: 9, deaths: 4, ...diedLast })).toMatchObject({ kind: 'run', isSuspect: true });
    expect(await verdictOn({ attempt: 10, deaths: 5, ...diedLast })).toEqual(fails('died', 9));
  });

  it('does not run what has killed as many processes as it may, however soon', async () => {
    expect(await verdictOn({ attempt: 6, sinceFirstMs: 5_000, isTakenOver: true, deaths: 5 })).toEqual(
      fails('died', 5),
    );
    expect(await verdictOn({ attempt: 6, sinceFirstMs: 5_000, isTakenOver: true, deaths: 4 })).toEqual(runs);
    expect(await verdictOn({ attempt: 2, sinceFirstMs: 0, isTakenOver: true, deaths: 1 }, 1)).toEqual(fails('died', 1));
  });

  it('suspects what has one death left, so that it is run while no other is', async () => {
    for (const deaths of [0, 1, 2, 3]) {
      expect(await verdictOn({ attempt: deaths + 1, deaths })).not.toHaveProperty('isSuspect', true);
    }
    expect(await verdictOn({ attempt: 5, deaths: 4 })).toMatchObject({ kind: 'run', isSuspect: true });
    expect(await verdictOn({ attempt: 9, deaths: 4 })).toMatchObject({ kind: 'run', isSuspect: true });
    expect(await verdictOn({ attempt: 2, deaths: 1 }, 2)).toMatchObject({ kind: 'run', isSuspect: true });
    expect(await verdictOn({ attempt: 1, deaths: 0 }, 1)).not.toHaveProperty('isSuspect', true);
  });

  it('suspects at its last attempt what has had a death: its own failures have left it no other', async () => {
    for (const deaths of [1, 2, 3]) {
      expect(await verdictOn({ attempt: 5, deaths })).toMatchObject({ kind: 'run', isSuspect: true });
    }
    expect(await verdictOn({ attempt: 5, deaths: 0 })).not.toHaveProperty('isSuspect', true);
  });

  it('knows the deaths in a process too that only finds that the copy was refused', async () => {
    expect(await verdictOn({ attempt: 6, sinceFirstMs: 5_000, deaths: 5 })).toEqual(fails('died', 5));
  });

  it('counts what a store does not tell in favour of the message, but each attempt before a death as one', async () => {
    expect(await verdictOn({ attempt: 7 })).toEqual(runs);
    expect(await verdictOn({ attempt: 7, sinceFirstMs: -86_400_000 })).toEqual(runs);
    expect(await verdictOn({ attempt: 6, isTakenOver: true })).toEqual(fails('died', 5));
  });

  it('does not look at a store of this process alone', async () => {
    const known = { attempt: 9, sinceFirstMs: SCHEDULE_MS, isTakenOver: true, deaths: 8 };
    expect(await verdictOn(known, 5, false)).toEqual({ kind: 'run' });
  });
});
