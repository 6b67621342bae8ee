import type { OutboxStore } from '../interfaces/outbox-store.interface.js';
import { OutboxRelay } from './relay.js';
import type { RelayLogger } from './relay-faults.js';

/** `Symbol.for`: the ESM and the CJS build share it. */
const RELAYS = Symbol.for('nestjs-sns-sqs.outbox-relays');

function relays(): WeakMap<OutboxStore, OutboxRelay> {
  const holder = globalThis as { [RELAYS]?: WeakMap<OutboxStore, OutboxRelay> };
  return (holder[RELAYS] ??= new WeakMap());
}

/** The one relay of an outbox in this process, for all clients that write to it. */
export function relayOf(store: OutboxStore, logger: RelayLogger): OutboxRelay {
  const known = relays().get(store);
  if (known) return known;
  const relay = new OutboxRelay({ store, logger });
  relays().set(store, relay);
  return relay;
}

/** The relay of an outbox, if a client of this process has attached to it. */
export const knownRelayOf = (store: OutboxStore): OutboxRelay | undefined => relays().get(store);
