import { abortController } from '../async/abort.js';
import { SqsContext } from '../ctx-host/sqs.context.js';
import type { EventMetadata, PacketMetadata } from '../interfaces/envelope.interface.js';
import type { SqlExecutor } from '../interfaces/sql.interface.js';
import type { SqsMessage } from '../interfaces/wire.interface.js';

/** The parts of a context that a unit test names. `sqsContext()` fills in the rest. */
export interface TestContextOptions {
  /** @default a message with the id `message-1` and an empty body */
  message?: SqsMessage | undefined;
  /** @default 'test-queue' */
  queue?: string | undefined;
  /** @default the type of `metadata`, or 'test.event' */
  pattern?: string | undefined;
  /** From 1. @default 1 */
  attempt?: number | undefined;
  /** @default one that never aborts */
  signal?: AbortSignal | undefined;
  /** @default false */
  isRequest?: boolean | undefined;
  /** The function behind `context.markDoneIn(tx)`. @default one that resolves */
  markDoneIn?: ((tx: SqlExecutor) => Promise<void>) | undefined;
  /** @default the id `event-1`, the source `test` and the pattern as type */
  metadata?: (Partial<EventMetadata> & PacketMetadata) | undefined;
}

/**
 * An `SqsContext` for the unit test of a handler: no broker, no server. Without options it is the first attempt of an
 * event `test.event` on the queue `test-queue`, with a signal that never aborts.
 * @example await controller.sendEmail(user, sqsContext({ attempt: 5, metadata: { subject: user.id } }));
 */
export function sqsContext(options: TestContextOptions = {}): SqsContext {
  const { pattern = options.metadata?.type ?? 'test.event', queue = 'test-queue', attempt = 1 } = options;
  return new SqsContext({
    message: options.message ?? { MessageId: 'message-1', Body: '' },
    queue,
    pattern,
    metadata: { id: 'event-1', source: 'test', type: pattern, ...options.metadata },
    attempt,
    signal: options.signal ?? abortController().signal,
    isRequest: options.isRequest ?? false,
    markDoneIn: options.markDoneIn ?? (() => Promise.resolve()),
  });
}
