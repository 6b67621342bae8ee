import type { DeadLetterPlane } from './dead-letter-plane.js';
import type { QueueFacts } from './dead-letter-queue.js';
import { LetterTray } from './letter-tray.js';

const LEASE_MS = 60_000;

/** A tray that holds the letters `a` and `b`. @param lost the letter whose lease SQS does not extend */
async function trayOf(lost?: string) {
  let now = 0;
  const extended: string[] = [];
  const message = (id: string) => ({ MessageId: id, ReceiptHandle: id });
  const plane: Partial<DeadLetterPlane> = {
    receive: () => Promise.resolve([message('a'), message('b')]),
    changeVisibilityBatch: (_, entries) => {
      extended.push(...entries.map(({ receiptHandle }) => receiptHandle));
      const isLost = ({ receiptHandle }: { receiptHandle: string }): boolean => receiptHandle === lost;
      const failed = entries
        .filter(isLost)
        .map(({ id }) => ({ id, code: 'MessageNotInflight', message: 'no', senderFault: true }));
      return Promise.resolve({ successful: entries.filter(each => !isLost(each)), failed });
    },
  };
  const tray = new LetterTray({
    plane: plane as DeadLetterPlane,
    queue: { name: 'q-dlq', url: 'url' } as QueueFacts,
    leaseSeconds: LEASE_MS / 1_000,
    now: () => now,
  });
  await tray.receive(0);
  return { tray, extended, pass: (ms: number) => void (now += ms) };
}

describe('LetterTray', () => {
  it('extends the leases that are nearly over, and no others', async () => {
    const { tray, extended, pass } = await trayOf();
    expect(await tray.secure(['a', 'b', 'not held'])).toEqual(new Set(['a', 'b']));
    expect(extended).toEqual([]);
    pass(0.6 * LEASE_MS);
    expect(await tray.secure(['a'])).toEqual(new Set(['a']));
    expect(extended).toEqual(['a']);
    expect(await tray.secure(['a'])).toEqual(new Set(['a']));
    expect(extended).toEqual(['a']);
  });

  it('lets go of a letter whose lease cannot be extended', async () => {
    const { tray, pass } = await trayOf('b');
    pass(0.6 * LEASE_MS);
    expect(await tray.secure(['a', 'b'])).toEqual(new Set(['a']));
    expect(tray.size).toBe(1);
  });
});
