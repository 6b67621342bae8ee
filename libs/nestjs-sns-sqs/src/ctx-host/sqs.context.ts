import { BaseRpcContext } from '@nestjs/microservices';
import type { EventMetadata, PacketMetadata } from '../interfaces/envelope.interface.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { SqlExecutor } from '../interfaces/sql.interface.js';
import type { SqsMessage } from '../interfaces/wire.interface.js';

/** The parts of a context. In unit tests `sqsContext()` of `nestjs-sns-sqs/testing` fills in what a test leaves out. */
export interface SqsContextState {
  /** The SQS message as received. */
  message: SqsMessage;
  /** Full name, with prefix. */
  queue: string;
  /** The type of the event or command. */
  pattern: string;
  /** The event's attributes, and Nest's packet metadata. */
  metadata: EventMetadata | (EventMetadata & PacketMetadata);
  /** From 1. */
  attempt: number;
  /** Aborts when the handler is to stop. */
  signal: AbortSignal;
  /** The caller waits for a reply. @default false */
  isRequest?: boolean | undefined;
  /** Marks the event done in a transaction. @default it is refused */
  markDoneIn?: ((tx: SqlExecutor) => Promise<void>) | undefined;
}

/**
 * The context that `@Ctx()` gives a handler: the message around the payload, and the signal to stop.
 *
 * @example
 * ```ts
 * @Controller()
 * class Billing {
 *   @OnCommand('charge')
 *   async charge(@Payload() order: object, @Ctx() context: SqsContext): Promise<void> {
 *     await fetch('https://bank.example/charge', { method: 'POST', signal: context.getSignal() });
 *   }
 * }
 * ```
 */
export class SqsContext extends BaseRpcContext<[SqsContextState]> {
  constructor(state: SqsContextState) {
    super([state]);
  }

  /** The SQS message as received. */
  getMessage(): SqsMessage {
    return this.args[0].message;
  }

  /** Name of the queue that delivered the message, prefix included. */
  getQueue(): string {
    return this.args[0].queue;
  }

  /** The type of the event or command, e.g. `user.registered`. */
  getPattern(): string {
    return this.args[0].pattern;
  }

  /**
   * Id, source, time, subject, sequence, correlation and trace context of the event, and what Nest's dispatch hook
   * attached to its packet (`setOnDispatchHook`). Of a name that both have, the event's counts.
   * @example context.getMetadata().subject; context.getMetadata()['tenant']
   */
  getMetadata(): EventMetadata & PacketMetadata {
    return this.args[0].metadata as EventMetadata & PacketMetadata;
  }

  /** 1 at the first delivery, rises with each. */
  getAttempt(): number {
    return this.args[0].attempt;
  }

  /** True: sent by `send()`, so that somebody waits for the reply; false: emitted. */
  isRequest(): boolean {
    return this.args[0].isRequest ?? false;
  }

  /**
   * Aborts when the lease of the message is lost, when the handler's time is up, or when the server is forced to
   * stop; its `reason` says which. Work that goes on afterwards may be done a second time elsewhere.
   */
  getSignal(): AbortSignal {
    return this.args[0].signal;
  }

  /**
   * Marks the event done in the handler's own transaction: the effect and its being remembered commit together, with the
   * position of the event's subject. After the commit the event is done, also where the handler throws or its process
   * dies; after a rollback it is not. Call it at any place in the transaction; first where that is `REPEATABLE READ` or
   * `SERIALIZABLE`. Let its errors leave the handler.
   *
   * @param tx `fromPg()`, `fromDrizzle()` and others of `nestjs-sns-sqs/postgres` make it of an open transaction
   * @throws {SnsSqsError} CLAIM_LOST: another consumer may have the event, and the transaction cannot commit;
   * NO_TRANSACTION: `tx` is no open transaction; MARK_DONE_UNSUPPORTED: the queue's inbox is no `PostgresInboxStore`;
   * INBOX_UNAVAILABLE: the message is handled without it.
   * @example
   * ```typescript
   * await database.transaction(async tx => {
   *   await tx.insert(payments).values(payment);
   *   await context.markDoneIn(fromDrizzle(tx));
   * });
   * ```
   */
  async markDoneIn(tx: SqlExecutor): Promise<void> {
    const [state] = this.args;
    if (state.markDoneIn) return state.markDoneIn(tx);
    throw new SnsSqsError('MARK_DONE_UNSUPPORTED', {
      problem: `This context of ${state.queue} was made without an inbox`,
      remedy: 'give it a `markDoneIn` in its state',
      facts: { queue: state.queue },
    });
  }
}
