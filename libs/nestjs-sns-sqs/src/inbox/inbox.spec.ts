import { Inbox, type InboxRules } from './inbox.js';
import { MemoryInboxStore } from './memory-inbox-store.js';
import { StoreHealth } from './store-health.js';

const LEASE_MS = 30_000;

function inboxOf(rules: Partial<InboxRules> = {}) {
  let now = 0;
  const store = new MemoryInboxStore({ now: () => now });
  const health = new StoreHealth({
    queue: 'q',
    store,
    onUnavailable: 'wait',
    logger: { warn: () => undefined },
    onFault: () => undefined,
    onRecovery: () => undefined,
  });
  const inbox = new Inbox({
    queue: 'q',
    store,
    health,
    rules: {
      ordering: 'none',
      gapTimeoutMs: 60_000,
      onGapTimeout: 'dead-letter',
      onInvalidSequence: 'dead-letter',
      leaseMs: LEASE_MS,
      rememberForMs: 3_600_000,
      ...rules,
    },
    now: () => now,
  });
  const admit = (source: string, id: string, subject?: string, sequence?: number) =>
    inbox.admit({
      metadata: {
        id,
        source,
        type: 't',
        ...(subject !== undefined && { subject }),
        ...(sequence !== undefined && { sequence: String(sequence) }),
      },
      data: undefined,
    });
  /** Admits an event and, if it may run, handles it well. */
  const handle = async (source: string, id: string, subject?: string, sequence?: number) => {
    const admission = await admit(source, id, subject, sequence);
    if (admission.kind === 'run' && admission.claim) await inbox.finish(admission.claim, () => false);
    return admission.kind === 'skip' || admission.kind === 'wait' ? admission.why : admission.kind;
  };
  return { inbox, store, admit, handle, pass: (ms: number) => void (now += ms) };
}

describe('what makes two subjects the same', () => {
  it.each(['latest', 'sequential'] as const)('is the source too: %s', async ordering => {
    const { handle } = inboxOf({ ordering });
    expect(await handle('users', 'e1', '42', 2)).toBe('run');
    expect(await handle('orders', 'e1', '42', 1)).toBe('run');
    expect(await handle('users', 'e0', '42', 1)).toBe('older');
    expect(await handle('orders', 'e2', '42', 2)).toBe('run');
  });

  it('lets the same subject of two sources be in work at once', async () => {
    const { admit } = inboxOf({ ordering: 'sequential' });
    expect(await admit('users', 'e1', '42', 1)).toMatchObject({ kind: 'run' });
    expect(await admit('orders', 'e1', '42', 1)).toMatchObject({ kind: 'run' });
    expect(await admit('users', 'e2', '42', 2)).toMatchObject({ kind: 'wait', why: 'in-work' });
  });
});
