import type { OutboxStore } from '../interfaces/outbox-store.interface.js';

/** Renews a claim, three times in its lease, until the function that it gives is called. @param onLost another relay has it */
export function keepLease(store: OutboxStore, token: string, leaseMs: number, onLost: () => void): () => void {
  const renewing = setInterval(() => {
    store.renew(token, leaseMs).then(
      isHeld => isHeld || onLost(),
      // Another renewal follows; a lease that ends meanwhile leads to copies, not to a loss.
      () => undefined,
    );
  }, leaseMs / 3);
  return () => clearInterval(renewing);
}
