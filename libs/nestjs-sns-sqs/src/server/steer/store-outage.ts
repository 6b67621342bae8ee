import type { LoggerService } from '@nestjs/common';
import { backoffMs, type Backoff } from '../../async/backoff.js';
import { thrownText } from '../../errors/thrown.js';

export interface StoreOutageOptions {
  queueName: string;
  onUnavailable: 'wait' | 'proceed';
  logger: Pick<LoggerService, 'log' | 'warn'>;
  random?: (() => number) | undefined;
}

const RETRY: Backoff = { initial: 250, max: 5_000 };

/** Whether the store of a shared limit answers; says so once in the log each time that this changes. */
export class StoreOutage {
  private failures = 0;

  constructor(private readonly options: StoreOutageOptions) {}

  get isAway(): boolean {
    return this.failures > 0;
  }

  noteAnswer(): void {
    const { logger, queueName } = this.options;
    if (this.isAway) logger.log(`${queueName}: the store answers again, and the rate limit is shared again`);
    this.failures = 0;
  }

  /** How long to wait until it is asked again, in milliseconds. */
  noteFailure(error: unknown): number {
    const { logger, queueName, onUnavailable, random = Math.random } = this.options;
    if (!this.isAway) {
      const then = onUnavailable === 'wait' ? 'nothing is received' : 'this process limits itself alone';
      logger.warn(
        `${queueName}: the store of the shared rate limit does not answer, and ${then} until it does: ${thrownText(error)}`,
      );
    }
    this.failures += 1;
    return backoffMs(RETRY, this.failures, random);
  }
}
