/** What is known of the clocks that a request has passed; numbers are milliseconds since the epoch. */
export interface RequestClocks {
  /** By the wall clock of this process. @default now */
  wallNow?: number;
  /** SQS's time, to a few seconds; undefined: SQS has not said. */
  sqsNow?: number | undefined;
  /** When SQS took the request, by its own clock. */
  sentAt?: number | undefined;
  /** When the request was made, by its caller's wall clock: RFC 3339. */
  time?: string | undefined;
}

/** By which SQS's time may be known wrongly. A wall clock that is off by more was set. */
const TOLERANCE_MS = 10_000;
/** As far as a caller may wait. */
const LONGEST_MS = 3_600_000;

/**
 * For how long the caller of a request has not waited any more, in milliseconds; negative: it waits. A wall clock that was
 * set, here or at the caller, would have requests not run whose callers wait: what SQS's clock contradicts does not
 * count, and what is in doubt counts in the caller's favour. Pure.
 */
export function overdueMs(expiresAt: number, clocks: RequestClocks): number {
  return nowOf(clocks) - deadlineOf(expiresAt, clocks);
}

function nowOf({ wallNow = Date.now(), sqsNow = wallNow }: RequestClocks): number {
  return Math.abs(wallNow - sqsNow) <= TOLERANCE_MS ? wallNow : sqsNow - TOLERANCE_MS;
}

/** By the time that the caller waits, which its clock tells well whatever it is set to. */
function deadlineOf(expiresAt: number, { sentAt, time = '' }: RequestClocks): number {
  const madeAt = Date.parse(time);
  if (sentAt === undefined || Number.isNaN(madeAt)) return expiresAt;
  const waitsMs = expiresAt - madeAt;
  const isSet = Math.abs(madeAt - sentAt) > TOLERANCE_MS;
  return isSet && waitsMs > 0 && waitsMs <= LONGEST_MS ? sentAt + waitsMs : expiresAt;
}
