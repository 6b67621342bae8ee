import type { SqsContext } from './sqs.context.js';

/** The parts of the context of a batch. */
export interface SqsBatchContextState {
  /** Full name, with prefix. */
  queue: string;
  /** The type of the first event or command. */
  pattern: string;
  /** Aborts when the handler of the batch is to stop. */
  signal: AbortSignal;
}

/**
 * The value of `@Ctx()` for the handler of a batch: an array with the context of each message, in the order of the payloads.
 * Guards, interceptors and filters get the same. `getSignal()` is the batch's own.
 *
 * @example
 * ```ts
 * @Controller()
 * class Audit {
 *   @OnDomainEvent('page.viewed', { from: 'web', useCase: 'count', batch: { size: 500, windowMs: 1_000 } })
 *   async count(@Payload() views: Array<{ page: string }>, @Ctx() contexts: SqsBatchContext): Promise<void> {
 *     const rows = views.map((view, index) => ({ ...view, id: contexts[index]?.getMetadata().id }));
 *     await fetch('https://audit.example/rows', { method: 'POST', body: JSON.stringify(rows), signal: contexts.getSignal() });
 *   }
 * }
 * ```
 */
export class SqsBatchContext extends Array<SqsContext> {
  /** What `map` and the like give is a plain array. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  readonly #state: SqsBatchContextState;

  constructor(state: SqsBatchContextState, contexts: readonly SqsContext[]) {
    super();
    this.#state = state;
    for (const context of contexts) this.push(context);
  }

  getArgs(): [SqsBatchContextState] {
    return [this.#state];
  }

  /** As of Nest's contexts. */
  getArgByIndex(index: number): unknown {
    return this.getArgs()[index];
  }

  /** Name of the queue that delivered the messages, prefix included. */
  getQueue(): string {
    return this.#state.queue;
  }

  /** The type of the first event or command. */
  getPattern(): string {
    return this.#state.pattern;
  }

  /** A request is not handled in a batch with an answer of its own. */
  isRequest(): boolean {
    return false;
  }

  /**
   * Aborts when the time of the handler is up, or when no message of the batch is this process's any more: the server is
   * forced to stop, or all leases are lost. The signal of a message's own context tells the loss of its lease.
   */
  getSignal(): AbortSignal {
    return this.#state.signal;
  }
}
