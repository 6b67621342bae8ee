import { jest } from '@jest/globals';
import type { BatchResult, SqsMessage, SqsWire } from '../src/interfaces/wire.interface.js';

/** What a batch call gives when all of its entries were accepted. */
export const succeeded = (entries: ReadonlyArray<{ id: string }>): Promise<BatchResult> =>
  Promise.resolve({ successful: entries.map(({ id }) => ({ id })), failed: [] });

export const forever = (): Promise<never> => new Promise(() => undefined);

export interface MessageShape {
  group?: string | undefined;
  /** ApproximateReceiveCount. @default 1 */
  receives?: number;
  /** @default the id */
  handle?: string;
  /** @default {} */
  body?: string;
}

export const message = (
  id: string,
  { group, receives = 1, handle = id, body = '{}' }: MessageShape = {},
): SqsMessage => ({
  MessageId: id,
  ReceiptHandle: handle,
  Body: body,
  Attributes: { ApproximateReceiveCount: String(receives), ...(group !== undefined && { MessageGroupId: group }) },
});

/**
 * A queue and its dead letter queue behind a consumer's wire: it hands out what the test puts there, batch by batch, and
 * writes down what becomes of it. Each call is a mock, so that a test may let one fail. For fake time.
 */
export class ScriptedQueue {
  /** In order: `m deleted`, `m in 9 s` (visible again then), `m to dlq`. A handle is named up to its first `#`. */
  readonly settled: string[] = [];
  private readonly batches: SqsMessage[][] = [];
  private arrive: () => void = () => undefined;

  /** What its answers state, in milliseconds since the epoch. @default they state none */
  date: number | undefined;

  readonly receive = jest.fn<SqsWire['receive']>(async ({ signal, waitTimeSeconds, onDate }) => {
    if (this.batches.length === 0 && waitTimeSeconds > 0) await this.longPoll(waitTimeSeconds, signal);
    if (this.date !== undefined) onDate?.(this.date);
    return this.batches.shift() ?? [];
  });

  readonly deleteBatch = jest.fn<SqsWire['deleteBatch']>((_, entries) => {
    this.settled.push(...entries.map(each => `${nameOf(each)} deleted`));
    return succeeded(entries);
  });

  readonly changeVisibilityBatch = jest.fn<SqsWire['changeVisibilityBatch']>((_, entries) => {
    this.settled.push(...entries.map(each => `${nameOf(each)} in ${each.visibilityTimeoutSeconds} s`));
    return succeeded(entries);
  });

  readonly sendBatch = jest.fn<SqsWire['sendBatch']>((url, entries) => {
    this.settled.push(...entries.map(each => `${each.attributes['deadletter.message-id']?.StringValue} to ${url}`));
    return succeeded(entries);
  });

  /** Messages that no receive has taken. */
  get left(): number {
    return this.batches.flat().length;
  }

  /** The next receive gives these, together. */
  put(...messages: SqsMessage[]): void {
    this.batches.push(messages);
    this.arrive();
  }

  /** As {@link put}, and gives the consumer the time to handle them. */
  async deliver(...messages: SqsMessage[]): Promise<void> {
    this.put(...messages);
    await jest.advanceTimersByTimeAsync(10);
  }

  private longPoll(seconds: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = setTimeout(resolve, seconds * 1_000);
      this.arrive = () => (clearTimeout(end), resolve());
      signal?.addEventListener('abort', () => (clearTimeout(end), reject(new Error('aborted'))));
    });
  }
}

const nameOf = ({ receiptHandle }: { receiptHandle: string }): string => receiptHandle.split('#')[0] ?? '';
