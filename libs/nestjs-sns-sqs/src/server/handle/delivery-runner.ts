import type { LoggerService } from '@nestjs/common';
import { turnToRead } from '../../async/large-messages.js';
import { outcomeOf } from '../../errors/handler-outcomes.js';
import { isInstance } from '../../errors/thrown.js';
import { announce, isObserved } from '../../events/diagnostics.js';
import type { Delivery } from '../delivery.js';
import type { InFlight } from '../in-flight.js';
import type { LaneRunner, LaneVerdict } from '../receive/lane-base.js';
import { leastDelaySeconds, type Settlement } from '../settle/retry-policy.js';
import type { CircuitBreaker } from '../steer/circuit-breaker.js';
import type { Admitter } from './admitter.js';
import type { AskingHandlers } from './asking-handlers.js';
import type { Attempt } from './attempt-counter.js';
import { DeliveryContexts } from './delivery-contexts.js';
import type { DeliveryTracer } from './delivery-tracer.js';
import type { Dispatcher } from './dispatcher.js';
import type { Failures } from './failures.js';
import { Finisher, type FinisherOptions } from './finisher.js';
import { HeldBackError } from '../held-back.js';
import { LastResort } from './last-resort.js';
import { logMarked } from './marked-failures.js';
import type { SoloRuns } from './solo-runs.js';
import type { UnknownTypeDecision, UnknownTypes, UnknownTypeVerdict } from './unknown-types.js';

export interface DeliveryRunnerOptions extends FinisherOptions {
  unknownTypes: UnknownTypes;
  admitter: Admitter;
  solo: SoloRuns;
  failures: Failures;
  dispatcher: Dispatcher;
  asking: AskingHandlers;
  tracer: DeliveryTracer;
  /** Undefined: none. */
  breaker?: Pick<CircuitBreaker, 'noteSuccess'> | undefined;
  /** What was received and has not ended; what ends here is taken out. */
  inFlight: InFlight;
  logger: Pick<LoggerService, 'log' | 'warn' | 'error'>;
}

const HANDLED: Settlement = { kind: 'delete' };
const UNWANTED: Settlement = { kind: 'delete', skipped: 'unwanted' };

/** Takes one delivery from its turn to its settlement: past the inbox, through its handler, to its end. */
export class DeliveryRunner implements LaneRunner<Delivery> {
  /** Delay of a failed head, for the messages behind it. */
  private readonly delays = new WeakMap<Delivery, number>();
  private readonly deciding = new Set<Promise<unknown>>();
  private readonly contexts = new DeliveryContexts();
  private readonly finisher: Finisher;
  private readonly lastResort: LastResort;

  constructor(private readonly options: DeliveryRunnerOptions) {
    this.finisher = new Finisher(options, this.delays);
    this.lastResort = new LastResort(options);
  }

  /** Messages of which it is asked whether another version wants them. */
  get undecided(): number {
    return this.deciding.size;
  }

  /** Resolves when the delivery is out of the way of what comes after it. Never rejects. */
  handle(delivery: Delivery): Promise<LaneVerdict> {
    const turn = turnToRead(delivery.message.Body?.length ?? 0);
    return turn ? turn.then(() => this.handleInTurn(delivery)) : this.begin(delivery);
  }

  /** Meanwhile it may have been taken back. */
  private handleInTurn(delivery: Delivery): Promise<LaneVerdict> | LaneVerdict {
    return delivery.isAbandoned ? 'hold' : this.begin(delivery);
  }

  private begin(delivery: Delivery): Promise<LaneVerdict> {
    return this.contexts.run(this.options.tracer.isOn ? this.handleTraced : this.handleHere, delivery);
  }

  private readonly handleTraced = (delivery: Delivery): Promise<LaneVerdict> => {
    const begun = this.options.tracer.begin(delivery);
    return begun instanceof Promise
      ? begun.then(trace => trace.runWith(this.handleHere, delivery))
      : begun.runWith(this.handleHere, delivery);
  };

  private readonly handleHere = async (delivery: Delivery): Promise<LaneVerdict> => {
    let unknown: UnknownTypeVerdict;
    try {
      const verdict = this.options.unknownTypes.verdictOn(delivery);
      unknown = verdict instanceof Promise ? await verdict : verdict;
    } catch (error) {
      return this.asLastResort(delivery, error);
    }
    if (unknown?.kind !== 'undecided') return this.toItsEnd(delivery, unknown);
    // It takes no slot: where SNS filters loosely such messages may be most of them.
    const decided = unknown.isWanted.then(isWanted =>
      this.toItsEnd(delivery, isWanted ? this.options.unknownTypes.wait(delivery) : UNWANTED),
    );
    this.deciding.add(decided);
    void decided.then(() => this.deciding.delete(decided));
    return 'advance';
  };

  /** Resolves when nothing is undecided any more. */
  async settleUndecided(): Promise<void> {
    await Promise.all(this.deciding);
  }

  /** Takes back what was not started; `failed` is the head of its group, whose delay it shares. */
  returnToQueue(deliveries: readonly Delivery[], failed: Delivery | undefined): void {
    this.options.heartbeat.noticeSuspension();
    for (const delivery of deliveries) {
      this.options.attempts.noteUncounted(delivery.messageId);
      this.release(delivery);
    }
    const seconds = (failed && this.delays.get(failed)) ?? 0;
    for (const delivery of deliveries) {
      const least = failed ? leastDelaySeconds(delivery.receiveCount) : 0;
      this.options.settler.returnToQueue([delivery], Math.max(seconds, least));
    }
  }

  /** Takes back what still runs although it was told to stop: another process may begin with it. Never rejects. */
  async cutOff(deliveries: readonly Delivery[]): Promise<void> {
    const { gate, suspects, logger, queue } = this.options;
    for (const delivery of deliveries) {
      delivery.isAbandoned = true;
      logger.warn(
        `${queue.name}: message ${delivery.messageId} is returned to its queue while its handler still runs; this costs no attempt`,
      );
    }
    this.returnToQueue(deliveries, undefined);
    await Promise.all(
      deliveries.map(async delivery => {
        await gate?.leave(delivery, 'unstarted');
        await suspects?.end(delivery);
      }),
    );
  }

  /** @param unknown what becomes of it where no handler takes its type */
  private async toItsEnd(delivery: Delivery, unknown: UnknownTypeDecision): Promise<LaneVerdict> {
    try {
      const startedAt = isObserved('settled') ? performance.now() : 0;
      const admission = await this.options.admitter.admit(delivery, unknown);
      if (!admission) return this.unlessFifo('advance');
      const { attempt } = admission;
      const settlement = admission.settlement ?? (await this.callHandler(delivery, attempt));
      if (delivery.isAbandoned) return 'hold';
      if (!settlement) return await this.returnUnstarted(delivery);
      const told = this.finisher.tellInbox(delivery, settlement);
      if ((told instanceof Promise ? await told : told) === 'claim-lost') return this.unlessFifo('advance');
      const wasRun = admission.settlement === undefined;
      const departure = await this.finisher.settle(delivery, { attempt, settlement, wasRun, startedAt });
      return departure === 'gone' ? 'advance' : this.unlessFifo('advance');
    } catch (error) {
      return await this.asLastResort(delivery, error);
    } finally {
      this.release(delivery);
      this.options.solo.end(delivery);
      // Whatever it came to: what the mark tells of is a death.
      if (!delivery.isAbandoned) void this.options.suspects?.end(delivery);
    }
  }

  /** Never rejects. */
  private async asLastResort(delivery: Delivery, error: unknown): Promise<LaneVerdict> {
    if (delivery.trace) delivery.trace.facts.error = error;
    this.release(delivery);
    const { departure, seconds } = await this.lastResort.settle(delivery, error);
    this.delays.set(delivery, seconds);
    return departure === 'gone' ? 'advance' : 'hold';
  }

  private readonly dispatch = (delivery: Delivery, attempt: number): Promise<void> =>
    this.options.dispatcher.dispatch(delivery, attempt);

  /** Undefined: it was not called, since the server stops. */
  private async callHandler(delivery: Delivery, attempt: Attempt): Promise<Settlement | undefined> {
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

  /** To those who have not stopped, at once; behind a message of its batch that goes back, with it. */
  private async returnUnstarted(delivery: Delivery): Promise<LaneVerdict> {
    const { gate, settler, attempts, heartbeat, suspects } = this.options;
    attempts.noteUncounted(delivery.messageId);
    await gate?.leave(delivery, 'unstarted');
    // A stop waits for it: the process ends then, and would leave the mark of a death.
    await suspects?.end(delivery);
    heartbeat.noticeSuspension();
    heartbeat.untrack(delivery);
    const { behind } = delivery;
    const seconds = (behind && this.delays.get(behind)) ?? 0;
    this.delays.set(delivery, seconds);
    settler.returnToQueue([delivery], behind ? Math.max(seconds, leastDelaySeconds(delivery.receiveCount)) : 0);
    return 'hold';
  }

  /** A standard queue keeps no order that those behind a message could wait for. */
  private unlessFifo(verdict: LaneVerdict): LaneVerdict {
    return this.options.queue.fifo ? 'hold' : verdict;
  }

  private release(delivery: Delivery): void {
    const { heartbeat, inFlight } = this.options;
    heartbeat.untrack(delivery);
    inFlight.delete(delivery);
    // Of one that is settled it has ended.
    delivery.trace?.end();
  }
}

/** What the handler threw to ask for, whatever filters made of it; but for one that asks for something else, and the end of its time. */
function asAsked({ outcome, abortReason }: Delivery, error: unknown): unknown {
  const isOwn = outcome === undefined || error === abortReason || outcomeOf(error).kind !== 'failed';
  return isOwn ? error : outcome;
}
