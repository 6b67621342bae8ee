import { setTimeout as pause } from 'node:timers/promises';

const POLL_EVERY_MS = 15;
/** Servers other than the embedded broker share two cores with the suite. */
const PATIENCE_MS = process.env['AWS_ENDPOINT_URL'] ? 45_000 : 15_000;

/** Polls `condition` until it gives something truthy, and resolves to that; rejects with `what` when the deadline passes. */
export async function waitFor<T>(
  what: string,
  condition: () => T | Promise<T>,
  deadlineMs = PATIENCE_MS,
): Promise<NonNullable<T>> {
  const endsAt = Date.now() + deadlineMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > endsAt) throw new Error(`waited ${deadlineMs} ms in vain for: ${what}`);
    await pause(POLL_EVERY_MS);
  }
}

/** A door that handlers wait at until the test opens it. */
export class Gate {
  open: () => void = () => undefined;
  readonly opened = new Promise<void>(resolve => {
    this.open = resolve;
  });
}
