import { pause } from '../async/pause.js';
import { mayPass } from '../errors/aws-errors.js';
import { retryDelay } from './batch-caller.js';

export interface Tries {
  /** Tries, the first included. */
  maxAttempts: number;
  /** Delay before the second try, in milliseconds; doubles from there up to 5 s, with full jitter. */
  retryDelayMs: number;
  random: () => number;
}

/**
 * Runs again what failed for a reason that may pass (throttling, 5xx, an endpoint out of reach). Rejects with the first
 * failure of another kind, with the last after `maxAttempts` tries, or as soon as the signal aborts between two tries.
 * @param run rejects with SnsSqsErrors
 */
export async function throughFaults<T>(run: () => Promise<T>, tries: Tries, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      if (attempt >= tries.maxAttempts || !mayPass(error) || signal.aborted) throw error;
      await pause(retryDelay(tries, attempt), signal);
      if (signal.aborted) throw error;
    }
  }
}
