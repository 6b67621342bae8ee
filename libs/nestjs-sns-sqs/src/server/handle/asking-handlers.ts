import type { LoggerService } from '@nestjs/common';
import { monotonicNow } from '../../async/clock.js';
import { asHandler, canHandlersAsk, type AskingHandler } from '../../async/own-requests.js';
import type { RequestSlots } from '../receive/request-slots.js';

const SAY_AGAIN_MS = 60_000;

/** Counts the handlers that wait for answers to requests, and says, once a minute at most, when all of them do. */
export class WaitCount {
  private count = 0;
  private saidAt = -Infinity;

  /**
   * @param whose begins the line of the log: the queue's name, or the server
   * @param limit of handlers that run at one time
   */
  constructor(
    private readonly whose: string,
    private readonly limit: number,
    private readonly logger: Pick<LoggerService, 'warn'>,
  ) {}

  get waiting(): number {
    return this.count;
  }

  begin(): void {
    this.count += 1;
    if (this.count < this.limit || monotonicNow() - this.saidAt < SAY_AGAIN_MS) return;
    this.saidAt = monotonicNow();
    this.logger.warn(
      `${this.whose}: all ${this.limit} handlers that may run at one time (\`concurrency\`) wait for answers to requests. Until an answer comes, only requests from this service itself are handled. Remedy: publish the result as an event instead of sending a request, set \`replyTimeoutMs\`, or raise \`concurrency\`.`,
    );
  }

  end(): void {
    this.count -= 1;
  }
}

export interface AskingHandlersOptions {
  /** Of the queue, and of the server where it has a bound of its own. */
  counts: readonly WaitCount[];
  /** Of a queue of this server, by full name; undefined: another service's. */
  requestSlotsOf: (queue: string) => RequestSlots | undefined;
}

const NOTHING = (): void => undefined;

/** One handler, from its beginning to its end: while it waits for an answer, its slot is lent to requests. */
class Asking implements AskingHandler {
  /** What takes back that it waits, for each request. */
  private readonly waits = new Set<() => void>();
  private hasEnded = false;

  constructor(private readonly options: AskingHandlersOptions) {}

  run<A extends unknown[], R>(work: (...args: A) => R, ...args: A): R {
    return asHandler(this, work, ...args);
  }

  waitsFor(queue: string): () => void {
    if (this.hasEnded) return NOTHING;
    const { counts, requestSlotsOf } = this.options;
    if (this.waits.size === 0) for (const count of counts) count.begin();
    // After that: how much may be received depends on how many wait.
    const takeBack = requestSlotsOf(queue)?.lend();
    const end = (): void => {
      if (!this.waits.delete(end)) return;
      takeBack?.();
      if (this.waits.size === 0) for (const count of counts) count.end();
    };
    this.waits.add(end);
    return end;
  }

  /** What it has asked without waiting for the answer keeps nothing. */
  end(): void {
    this.hasEnded = true;
    for (const end of this.waits) end();
  }
}

export type { Asking };

/** Knows which handlers of a queue wait for answers to requests that they have sent. */
export class AskingHandlers {
  constructor(private readonly options: AskingHandlersOptions) {}

  /** A handler begins. Undefined: no client of this process can send a request. */
  begin(): Asking | undefined {
    return canHandlersAsk() ? new Asking(this.options) : undefined;
  }
}
