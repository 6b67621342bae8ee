import type { LoggerService } from '@nestjs/common';
import { outcomeOf } from '../../errors/handler-outcomes.js';
import { isInstance } from '../../errors/thrown.js';
import { announce, isObserved } from '../../events/diagnostics.js';
import type { Delivery } from '../delivery.js';
import { HeldBackError } from '../held-back.js';
import type { Settlement } from '../settle/retry-policy.js';
import type { CircuitBreaker } from '../steer/circuit-breaker.js';
import type { AskingHandlers } from './asking-handlers.js';
import type { Attempt } from './attempt-counter.js';
import type { Dispatcher } from './dispatcher.js';
import type { Failures } from './failures.js';
import type { InboxGate } from './inbox-gate.js';
import { logMarked } from './marked-failures.js';

export interface AttemptRunnerOptions {
  queue: { name: string };
  dispatcher: Pick<Dispatcher, 'dispatch'>;
  asking: AskingHandlers;
  failures: Failures;
  gate: Pick<InboxGate, 'settlementOfMarked'> | undefined;
  /** Undefined: none. */
  breaker?: Pick<CircuitBreaker, 'noteSuccess'> | undefined;
  logger: Pick<LoggerService, 'warn'>;
}

const HANDLED: Settlement = { kind: 'delete' };

/** Makes one attempt: calls the handler of a delivery, and says what becomes of the message. */
export class AttemptRunner {
  constructor(private readonly options: AttemptRunnerOptions) {}

  private readonly dispatch = (delivery: Delivery, attempt: number): Promise<void> =>
    this.options.dispatcher.dispatch(delivery, attempt);

  /** Undefined: it was not called, since the server stops. */
  async run(delivery: Delivery, attempt: Attempt): Promise<Settlement | undefined> {
    if (delivery.isHeldBack) return undefined;
    if (isObserved('started')) {
      announce('started', { queue: this.options.queue.name, messageId: delivery.messageId, attempt: attempt.number });
    }
    if (delivery.batch && this.options.failures.isLastAttempt(attempt)) delivery.isCalledAlone = true;
    // The call of a batch is none of its messages'.
    const asking = delivery.batch ? undefined : this.options.asking.begin();
    try {
      await (asking ? asking.run(this.dispatch, delivery, attempt.number) : this.dispatch(delivery, attempt.number));
      const { outcome, refused } = delivery;
      // An interceptor or a filter may have made a result of it.
      if (delivery.isKeptOut) return undefined;
      if (outcome) return this.settlementOfFailed(delivery, attempt, outcome);
      // It comes again, so what is behind it in its lane must not be run before.
      if (delivery.mayHaveStopped) return await this.settlementOfFailed(delivery, attempt, delivery.abortReason, false);
      if (refused) this.options.failures.noteRefused(delivery, refused.error);
      else this.options.breaker?.noteSuccess(delivery);
      return HANDLED;
    } catch (error) {
      const isTimeUp = error === delivery.abortReason;
      if (isInstance(error, HeldBackError) || (delivery.isKeptOut && !isTimeUp)) return undefined;
      return this.settlementOfFailed(delivery, attempt, asAsked(delivery, error));
    } finally {
      asking?.end();
    }
  }

  /** What is committed is done, whatever its handler did afterwards. */
  private async settlementOfFailed(
    delivery: Delivery,
    attempt: Attempt,
    error: unknown,
    isThrown = true,
  ): Promise<Settlement> {
    const { gate, failures, logger, queue } = this.options;
    const { claim } = delivery;
    const decided = claim?.isMarked ? await gate?.settlementOfMarked(delivery, claim, error) : undefined;
    if (!decided) return failures.settlementOf(delivery, attempt, error, isThrown);
    logMarked(logger, { queue: queue.name, messageId: delivery.messageId }, decided, error);
    return decided;
  }
}

/** What the handler threw to ask for, whatever filters made of it; but for one that asks for something else, and the end of its time. */
function asAsked({ outcome, abortReason }: Delivery, error: unknown): unknown {
  const isOwn = outcome === undefined || error === abortReason || outcomeOf(error).kind !== 'failed';
  return isOwn ? error : outcome;
}
