import { createHash } from 'node:crypto';

/**
 * An id for FIFO from a service and what it calls a message: two services with the same idea of an id stay apart. The
 * length in front keeps `a` and `bc` apart from `ab` and `c`. docs/wire-format.md tells it to other languages.
 */
export const ofSource = (source: string, id: string): string =>
  createHash('sha256')
    .update(`${Buffer.byteLength(source)}:${source}:${id}`)
    .digest('hex');
