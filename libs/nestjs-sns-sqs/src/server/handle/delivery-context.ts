import type { LoggerService } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import type { SqsContextState } from '../../ctx-host/sqs.context.js';
import { outcomeOf } from '../../errors/handler-outcomes.js';
import { isInstance } from '../../errors/thrown.js';
import { guardListeners } from '../../events/guarded-signal.js';
import { unsupported } from '../../inbox/marked-done.js';
import type { EventMetadata } from '../../interfaces/envelope.interface.js';
import type { SqlExecutor } from '../../interfaces/sql.interface.js';
import type { SqsMessage } from '../../interfaces/wire.interface.js';
import type { Delivery } from '../delivery.js';
import { NOTE_THROWN, type NotesThrown } from './outcomes-before-filters.js';
import { ENTER, NOTE_WORK, type NotesWork } from './watch-handlers.js';

/** What a context is made of. Its signal is the delivery's, which is made when somebody asks for it. */
export class DeliveryContext implements SqsContextState, NotesWork, NotesThrown {
  readonly message: SqsMessage;
  readonly pattern: string;

  constructor(
    private readonly delivery: Delivery,
    readonly queue: string,
    readonly metadata: EventMetadata,
    readonly attempt: number,
    readonly isRequest: boolean,
    private readonly logger: Pick<LoggerService, 'error'>,
  ) {
    this.message = delivery.message;
    this.pattern = metadata.type;
  }

  get signal(): AbortSignal {
    const { delivery, queue, logger } = this;
    return guardListeners(
      delivery.signal,
      `${queue}: a listener of the signal of message ${delivery.messageId}`,
      logger,
    );
  }

  async markDoneIn(tx: SqlExecutor): Promise<void> {
    const { marker } = this.delivery;
    if (!marker) throw unsupported(this.queue, 'it has no inbox');
    await marker.markDoneIn(this.delivery, tx);
  }

  [ENTER](): Error | undefined {
    return this.delivery.enter();
  }

  [NOTE_WORK](work: Promise<unknown>): void {
    this.delivery.noteWork(work);
  }

  /** What the caller of a request gets is what filters make of it; an RpcException is an answer like any other. */
  [NOTE_THROWN](error: unknown): boolean {
    if (this.isRequest) {
      this.delivery.refused = { error: isInstance(error, RpcException) ? undefined : error };
      return false;
    }
    if (outcomeOf(error).kind !== 'failed') this.delivery.outcome = error as Error;
    return true;
  }
}
