import { MemoryOutbox } from '../../test/memory-outbox.js';
import { outboxStoreContract } from '../testing/outbox-store-contract.js';

// The specs of relay and writer work on it.
outboxStoreContract('The outbox in a test’s memory', () => {
  const store = new MemoryOutbox();
  return { store, begin: () => Promise.resolve(store.begin()) };
});
