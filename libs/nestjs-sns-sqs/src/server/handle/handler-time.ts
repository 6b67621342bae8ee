import type { LoggerService } from '@nestjs/common';
import { monotonicNow } from '../../async/clock.js';
import type { Link } from '../../async/linked-list.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import type { HandlerCall } from './handler-call.js';
import { TimeLimit, type Running } from '../../async/time-limit.js';

export interface HandlerTimeOptions {
  queueName: string;
  handlerTimeoutMs: number;
  logger: Pick<LoggerService, 'warn' | 'error'>;
}

type TimedCall = Pick<HandlerCall, 'messageId' | 'abort'>;

/** Starts a handler; calls back once, when it has ended. */
export type Work = (end: () => void, fail: (error: Error) => void) => void;

/** A handler that goes on after its time is waited for as long again, and for 15 minutes at least. */
const MIN_OVERTIME_MS = 15 * 60 * 1000;

/**
 * Runs handlers, each for `handlerTimeoutMs`. Then the attempt has failed, the handler is told to stop, and it is waited
 * for: what still runs must not run a second time beside itself. One that does not end in as long again, 15 minutes at
 * least, is given up, so that a promise that never settles does not keep its slot for ever.
 */
export class HandlerTime {
  private readonly limit: TimeLimit;
  private readonly overtime: TimeLimit;
  private readonly overtimeMs: number;

  constructor(private readonly options: HandlerTimeOptions) {
    this.overtimeMs = Math.max(options.handlerTimeoutMs, MIN_OVERTIME_MS);
    this.limit = new TimeLimit(options.handlerTimeoutMs);
    this.overtime = new TimeLimit(this.overtimeMs);
  }

  /** Handlers that run although their time is over. */
  get overdue(): number {
    return this.overtime.size;
  }

  /** For the end of the consumer: no timer is left. */
  stop(): void {
    this.limit.stop();
    this.overtime.stop();
  }

  /**
   * Resolves or rejects as `work` does; rejects with HANDLER_TIMEOUT where that took longer than `handlerTimeoutMs`, when
   * it has ended or was given up. `onTimeUp` is called when the time is over, before the handler is told to stop.
   */
  run(delivery: TimedCall, work: Work, onTimeUp?: (error: SnsSqsError) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      let late: LateRun | undefined;
      const running = this.limit.begin(() => {
        late = this.startOvertime(delivery, reject);
        onTimeUp?.(late.error);
        delivery.abort(late.error);
      });
      const fail = (error: Error): void => {
        if (late) return this.endLate(late, reject);
        this.limit.end(running);
        reject(error);
      };
      const end = (): void => {
        if (late) return this.endLate(late, reject);
        this.limit.end(running);
        resolve();
      };
      try {
        work(end, fail);
      } catch (error) {
        fail(error as Error);
      }
    });
  }

  private startOvertime(delivery: TimedCall, reject: (error: Error) => void): LateRun {
    const { queueName, handlerTimeoutMs, logger } = this.options;
    const late: LateRun = {
      what: `${queueName}: the handler of message ${delivery.messageId}`,
      error: timeUp(delivery, queueName, handlerTimeoutMs),
      since: monotonicNow(),
      state: 'new',
      running: this.overtime.begin(() => {
        late.state = 'given-up';
        logger.error(
          `${late.what} has not ended ${this.overtimeMs / 1000} s after its signal aborted. The server gives the handler up: the attempt counts as failed, and its slot and lane are free. Other messages may now run at the same time. Remedy: end the handler when context.getSignal() aborts.`,
        );
        reject(late.error);
      }),
    };
    // One that heeds its signal ends now: that is told with its failure.
    late.telling = setImmediate(() => {
      late.state = 'told';
      logger.warn(
        `${late.what} has not ended after handlerTimeoutMs (${handlerTimeoutMs} ms). Its signal has aborted and the attempt has failed. The handler keeps its slot, lane and lease until it ends, for ${this.overtimeMs / 1000} s at most.`,
      );
    });
    return late;
  }

  private endLate(late: LateRun, reject: (error: Error) => void): void {
    this.overtime.end(late.running);
    clearImmediate(late.telling);
    if (late.state === 'told' || late.state === 'given-up') {
      const ms = Math.round(monotonicNow() - late.since);
      const then = late.state === 'told' ? 'Its attempt is settled as failed.' : 'It had been given up.';
      this.options.logger.warn(`${late.what} has ended ${ms} ms after its signal aborted. ${then}`);
    }
    late.state = 'ended';
    reject(late.error);
  }
}

/** A handler whose time is over. */
interface LateRun {
  what: string;
  error: SnsSqsError;
  since: number;
  state: 'new' | 'told' | 'given-up' | 'ended';
  running: Link<Running>;
  telling?: NodeJS.Immediate;
}

const timeUp = ({ messageId }: TimedCall, queue: string, handlerTimeoutMs: number): SnsSqsError =>
  new SnsSqsError(
    'HANDLER_TIMEOUT',
    `The handler on ${queue} did not finish within handlerTimeoutMs (${handlerTimeoutMs} ms)`,
    { retryable: true, facts: { queue, messageId } },
  );
