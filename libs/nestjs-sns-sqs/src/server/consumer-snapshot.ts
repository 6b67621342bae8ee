import type { ConsumerParts } from './consumer-parts.js';
import type { InFlight } from './in-flight.js';

/** The messages and calls that a consumer holds, for tests and health. */
export interface ConsumerSnapshot {
  /** Messages that were received and have not ended. */
  inFlight: number;
  /** Handlers that run, and lanes that wait for a slot. */
  running: number;
  /** Receives in flight. */
  receives: number;
  /** Leases that are kept alive. */
  leases: number;
  /** Settlements without a result. */
  settlements: number;
  /** Handlers that have not ended although `handlerTimeoutMs` has passed: they keep their slots. */
  overdue: number;
}

export const snapshotOf = (
  inFlight: InFlight,
  { lanes, poller, heartbeat, settler, dispatcher }: ConsumerParts,
): ConsumerSnapshot => ({
  inFlight: inFlight.size,
  running: lanes.slotsInUse,
  receives: poller.receives,
  leases: heartbeat.size,
  settlements: settler.pending,
  overdue: dispatcher.overdue,
});
