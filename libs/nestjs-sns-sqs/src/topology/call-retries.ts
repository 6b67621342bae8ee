import type { LoggerService } from '@nestjs/common';
import { backoffMs } from '../async/backoff.js';
import { monotonicNow } from '../async/clock.js';
import type { SnsSqsError } from '../errors/sns-sqs.error.js';
import { isKnownRegion } from './partitions.js';

export interface CallRetriesOptions {
  /** From now on calls are retried for so long, in milliseconds; 0: none is. */
  forMs: number;
  /** What is told in the first failure's line, e.g. `startTimeoutMs`. */
  boundedBy: string;
  logger: Pick<LoggerService, 'warn'>;
  random?: () => number;
  /** @default the monotonic clock */
  now?: () => number;
}

/** Quick enough for some twenty tries of one call within a start: at 30 % throttling none of its calls may fail that often. */
const BACKOFF_MS = { initial: 100, max: 2_000 };
/** AWS's own host names. */
const NO_SUCH_HOST = /ENOTFOUND (\S+)\.(amazonaws\.com(\.cn)?|api\.aws)\b/;
/** What follows from a queue that was made a moment ago, or deleted less than a minute ago. */
const SETTLING = /QueueDeletedRecently|Dead letter target does not exist/i;

/** A host that does not exist is one of a region that does not exist. That of a region which does is a fault of the DNS. */
function isOfUnknownRegion(message: string): boolean {
  const host = NO_SUCH_HOST.exec(message)?.[1];
  return host !== undefined && !host.split('.').some(isKnownRegion);
}

/** Decides whether a call of the control plane that failed is made again, and when. One deadline for all of a start. */
export class CallRetries {
  /**
   * Names of queues that exist, whoever has made them: for at least a second after that AWS may not know them yet
   * (CreateQueue API).
   */
  readonly existing = new Set<string>();
  private readonly endsAt: number;
  private readonly now: () => number;
  private isTold = false;

  constructor(private readonly options: CallRetriesOptions) {
    this.now = options.now ?? monotonicNow;
    this.endsAt = this.now() + options.forMs;
  }

  /** Milliseconds until the call is made again, after so many failures of it; undefined: it is not. */
  delayAfter(error: SnsSqsError, failures: number): number | undefined {
    const leftMs = this.endsAt - this.now();
    if (leftMs <= 0 || !this.mayPass(error)) return undefined;
    if (!this.isTold) {
      this.options.logger.warn(
        `${error.message} It is tried again, with backoff, for up to ${Math.ceil(leftMs / 1000)} s (${this.options.boundedBy}).`,
      );
    }
    this.isTold = true;
    return Math.min(leftMs, backoffMs(BACKOFF_MS, failures, this.options.random ?? Math.random));
  }

  private mayPass({ code, retryable, message, facts }: SnsSqsError): boolean {
    switch (code) {
      case 'THROTTLED':
        return true;
      case 'ENDPOINT_UNREACHABLE':
        return !isOfUnknownRegion(message);
      case 'AWS_CALL_FAILED':
        return retryable || SETTLING.test(message);
      case 'QUEUE_NOT_FOUND':
        return this.existing.has(String(facts.resource));
      default:
        return false;
    }
  }
}
