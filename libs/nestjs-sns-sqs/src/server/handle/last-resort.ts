import type { LoggerService } from '@nestjs/common';
import { thrownText } from '../../errors/thrown.js';
import { printable, printableStack } from '../../logging/printable.js';
import type { Delivery } from '../delivery.js';
import type { Departure, Settler } from '../settle/settler.js';
import type { AttemptCounter } from './attempt-counter.js';
import type { Failures } from './failures.js';
import type { InboxGate } from './inbox-gate.js';
import type { Suspects } from './suspects.js';

export interface LastResortOptions {
  queue: { name: string };
  failures: Pick<Failures, 'lastResort'>;
  settler: Pick<Settler, 'settle'>;
  attempts: Pick<AttemptCounter, 'attemptOf' | 'noteFailed' | 'forget'>;
  gate: Pick<InboxGate, 'leave'> | undefined;
  suspects: Pick<Suspects, 'end' | 'noteGone'> | undefined;
  logger: Pick<LoggerService, 'error'>;
}

/**
 * Settles a message that met a fault of the library: a failed attempt with a backoff, its claim released. Left alone it
 * would keep its FIFO group waiting for its whole lease, again and again.
 */
export class LastResort {
  constructor(private readonly options: LastResortOptions) {}

  /** Never rejects. `seconds`: its delay, for those behind it. */
  async settle(delivery: Delivery, error: unknown): Promise<{ departure: Departure; seconds: number }> {
    let departure: Departure = 'returns';
    let seconds = 0;
    try {
      this.tell(delivery, error);
      const { failures, settler, attempts, suspects, gate } = this.options;
      const attempt = attempts.attemptOf(delivery);
      const settlement = failures.lastResort(delivery, attempt, error);
      if (settlement.kind === 'retry') seconds = settlement.seconds;
      departure = await settler.settle(delivery, settlement, attempt.made);
      if (departure === 'gone') attempts.forget(delivery.messageId);
      else attempts.noteFailed(delivery.messageId);
      await suspects?.end(delivery, departure === 'gone');
      if (departure === 'gone') await suspects?.noteGone(delivery.messageId);
      await gate?.leave(delivery, departure === 'gone' ? 'dead-lettered' : 'failed');
    } catch {
      // Nothing more can be done: it comes again when its lease ends.
    }
    return { departure, seconds };
  }

  private tell({ messageId }: Delivery, error: unknown): void {
    const { queue, logger } = this.options;
    const text = `${queue.name}: message ${messageId} met a fault of the library: ${printable(thrownText(error))}. The library tries again with backoff.`;
    try {
      logger.error(text, printableStack(error));
    } catch {
      // The message matters more than what is told of it.
    }
  }
}
