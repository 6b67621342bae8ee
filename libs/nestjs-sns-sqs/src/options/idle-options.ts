import type { ConsumerOptions } from '../interfaces/options.interface.js';

/** What is known of a queue; undefined: not yet. */
export interface QueueKind {
  isFifo: boolean;
  ordering?: ConsumerOptions['ordering'];
}

type Option = 'gapTimeoutMs' | 'onGapTimeout' | 'startAt' | 'onInvalidSequence' | 'laneBy' | 'onGroupFailure';

const GAPS = {
  isIdle: ({ isFifo, ordering }: QueueKind) => isFifo || (ordering !== undefined && ordering !== 'sequential'),
  why: "without `ordering: 'sequential'` no event waits for a missing one",
};

/** Options of one queue that would do nothing there, and why. */
const IDLE: Record<Option, { isIdle: (kind: QueueKind) => boolean; why: string }> = {
  gapTimeoutMs: GAPS,
  onGapTimeout: GAPS,
  startAt: GAPS,
  onInvalidSequence: {
    isIdle: ({ isFifo, ordering }) => isFifo || ordering === 'none',
    why: 'without an `ordering` no sequence is read',
  },
  laneBy: {
    isIdle: ({ isFifo }) => isFifo,
    why: 'the messages of a FIFO queue are handled by their groups',
  },
  onGroupFailure: {
    isIdle: ({ isFifo }) => !isFifo,
    why: 'a standard queue has no groups that wait',
  },
};

/**
 * What is given for one queue itself, by `queues` or by its handlers, and has no effect there: most likely another queue
 * was meant, or another option is missing. Takes options that were not checked.
 */
export const idleOptions = (queue: string, own: object, kind: QueueKind): string[] =>
  Object.entries(IDLE)
    .filter(([name, { isIdle }]) => (own as Record<string, unknown>)[name] !== undefined && isIdle(kind))
    .map(([name, { why }]) => `${queue}: \`${name}\` does nothing there: ${why}`);
