import { finishesWithin } from '../../async/finishes-within.js';
import { SQS_DEFAULT_SHUTDOWN_TIMEOUT_MS } from '../../constants.js';
import { isInstance, thrownText } from '../../errors/thrown.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { isObserved } from '../../events/diagnostics.js';
import type { ClientOptionsBase } from '../../interfaces/client-options.interface.js';
import type { OutboxRow, OutboxStore } from '../../interfaces/outbox-store.interface.js';
import type { SqlExecutor } from '../../interfaces/sql.interface.js';
import type { RelayFailure } from '../../outbox/relay-round.js';
import type { RelayLogger } from '../../outbox/relay-faults.js';
import type { RelayLink } from '../../outbox/relay.js';
import { relayOf } from '../../outbox/relays.js';
import type { Publisher } from '../publish/publisher.js';
import { dataOf, entryOf } from './entry-text.js';
import { OutboxWriter } from './outbox-writer.js';

export interface ClientOutboxParts {
  store: OutboxStore;
  publisher: Publisher;
  destination: string;
  fifo: boolean;
  client: Pick<ClientOptionsBase, 'shutdownTimeoutMs'>;
  logger: RelayLogger;
}

/** A client's outbox: writes what is emitted within a transaction, and has the relay of this process send it. */
export class ClientOutbox {
  readonly writer: OutboxWriter;
  private link: RelayLink | undefined;
  private isClosing = false;

  constructor(private readonly parts: ClientOutboxParts) {
    const { store, publisher, destination, fifo } = parts;
    this.writer = new OutboxWriter({
      store,
      publisher,
      destination,
      fifo,
      link: () => this.start(),
    });
  }

  /** The ambient transaction. */
  transaction(): SqlExecutor | undefined {
    return this.parts.store.transaction?.();
  }

  /** Relays from now on, if this process does. Idempotent. */
  start(): RelayLink | undefined {
    const { store, destination, logger } = this.parts;
    if (store.relay === false || this.isClosing) return this.link;
    this.link ??= relayOf(store, logger).attach(destination, row => this.send(row));
    return this.link;
  }

  /** Begins nothing more; resolves when what was under way is settled, or after `shutdownTimeoutMs`. Never rejects. */
  async close(): Promise<void> {
    this.isClosing = true;
    const { shutdownTimeoutMs = SQS_DEFAULT_SHUTDOWN_TIMEOUT_MS } = this.parts.client;
    if (this.link) await finishesWithin(this.link.detach(), shutdownTimeoutMs);
  }

  private async send({ entry: text, id, type }: OutboxRow): Promise<RelayFailure | undefined> {
    try {
      const entry = entryOf(text);
      const isSeen = isObserved('publishing') || isObserved('published');
      const failure = await this.parts.publisher.relay(entry, { type, id, data: isSeen ? dataOf(entry) : undefined });
      return failure && { ...described(failure.error), isRefused: failure.isRefused };
    } catch (error) {
      return { ...described(error), isRefused: true };
    }
  }
}

const described = (error: unknown): { code: string; reason: string } => ({
  code: isInstance(error, SnsSqsError) ? error.code : 'UNREADABLE',
  reason: thrownText(error),
});
