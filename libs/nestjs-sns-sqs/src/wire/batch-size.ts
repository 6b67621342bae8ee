import { AWS_BATCH_MAX_ENTRIES } from '../constants.js';

/** A bound of bytes for one call, where AWS has one. */
export interface ByteBound<E> {
  maxBytes: number;
  bytesOf: (entry: E) => number;
}

/** The bytes of a batch; 0 where AWS has no bound of them. */
export function bytesOfBatch<E>(batch: ReadonlyArray<{ entry: E }>, bound: ByteBound<E> | undefined): number {
  let bytes = 0;
  if (bound) for (const { entry } of batch) bytes += bound.bytesOf(entry);
  return bytes;
}

/** How many of those that wait fit into one call, in their order: one at least. */
export function sizeOfNextBatch<E>(
  waiting: { readonly length: number; at(index: number): { entry: E } | undefined },
  bound: ByteBound<E> | undefined,
): number {
  const most = Math.min(waiting.length, AWS_BATCH_MAX_ENTRIES);
  if (!bound) return most;
  let bytes = 0;
  for (let size = 0; size < most; size += 1) {
    const next = waiting.at(size);
    bytes += next ? bound.bytesOf(next.entry) : 0;
    if (bytes > bound.maxBytes) return Math.max(1, size);
  }
  return most;
}
