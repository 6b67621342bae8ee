import { BUCKETS } from './migrations.js';

/** FNV-1a: the bucket of a lane is the same in every process and every release. */
export function bucketOf(lane: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(lane)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0) % BUCKETS;
}
