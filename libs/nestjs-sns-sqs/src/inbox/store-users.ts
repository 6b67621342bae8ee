import type { InboxStore } from '../interfaces/inbox-store.interface.js';

/** Servers of this process that a store was given to and that have not closed. */
const users = new WeakMap<InboxStore, number>();

/** Notes one more server that uses the store. Gives what ends its use; the last to end it closes the store. Idempotent. */
export function useStore(store: InboxStore): () => Promise<void> {
  users.set(store, (users.get(store) ?? 0) + 1);
  let ended: Promise<void> | undefined;
  return () => (ended ??= endUse(store));
}

async function endUse(store: InboxStore): Promise<void> {
  const left = (users.get(store) ?? 1) - 1;
  users.set(store, left);
  if (left === 0) await store.close?.();
}
