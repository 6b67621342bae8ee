import { Inject, Injectable } from '@nestjs/common';
import type { SqsContext } from 'nestjs-sns-sqs';
import { fromDrizzle } from 'nestjs-sns-sqs/postgres';
import { DATABASE } from '../../../shared/database.module.js';
import type { Database, Transaction } from '../../../shared/database.js';

/**
 * One transaction for all that a message leads to: what its handler changes, that the message is done, and what the
 * handler emits by the outbox. A crash at any moment leaves either all of it or nothing.
 */
@Injectable()
export class UnitOfWork {
  constructor(@Inject(DATABASE) private readonly database: Database) {}

  /** Rejects with CLAIM_LOST where another process may have the message: then nothing is changed here. */
  run(context: SqsContext, work: (transaction: Transaction) => Promise<unknown>): Promise<void> {
    return this.database.transaction(async transaction => {
      await context.markDoneIn(fromDrizzle(transaction));
      await work(transaction);
    });
  }
}
