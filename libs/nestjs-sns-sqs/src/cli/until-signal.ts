import { abortController } from '../async/abort.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Runs work that SIGINT or SIGTERM asks to end: it gives back what it holds, and tells what it has done. A second signal
 * of the same kind ends the process at once.
 */
export async function untilSignal<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const ending = abortController();
  const end = (): void => ending.abort();
  for (const signal of SIGNALS) process.once(signal, end);
  try {
    return await work(ending.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, end);
  }
}
