import type { LoggerService } from '@nestjs/common';
import { isInstance } from '../../errors/thrown.js';
import { announce, isObserved, type StartedEvent } from '../../events/diagnostics.js';
import type { Delivery } from '../delivery.js';
import type { LaneRunner, LaneVerdict } from '../receive/lanes.js';
import type { Heartbeat } from '../settle/heartbeat.js';
import { leastDelaySeconds, type Settlement } from '../settle/retry-policy.js';
import { settledEvent } from '../settle/settlement-report.js';
import type { Departure, Settler } from '../settle/settler.js';
import type { Admitter } from './admitter.js';
import type { Attempt, AttemptCounter, Verdict } from './attempt-counter.js';
import { DeliveryContexts } from './delivery-contexts.js';
import { HeldBackError, type Dispatcher } from './dispatcher.js';
import type { Failures } from './failures.js';
import type { InboxGate } from './inbox-gate.js';
import { LastResort } from './last-resort.js';
import type { Suspects } from './suspects.js';
import type { UnknownTypeDecision, UnknownTypes, UnknownTypeVerdict } from './unknown-types.js';

export interface DeliveryRunnerOptions {
  queue: { name: string; fifo: boolean };
  gate: InboxGate | undefined;
  unknownTypes: UnknownTypes;
  admitter: Admitter;
  failures: Failures;
  dispatcher: Dispatcher;
  heartbeat: Heartbeat;
  settler: Settler;
  attempts: AttemptCounter;
  /** Undefined: a store counts starts for all processes, or the queue's tags are out of reach. */
  suspects: Suspects | undefined;
  /** What was received and has not ended; what ends here is taken out. */
  inFlight: Set<Delivery>;
  logger: Pick<LoggerService, 'log' | 'warn' | 'error'>;
}

/** How a delivery that was neither lost nor left to SQS came to its end. */
interface Outcome {
  attempt: Attempt;
  settlement: Settlement;
  /** Its handler was called. */
  wasRun: boolean;
  startedAt: number;
}

const HANDLED: Settlement = { kind: 'delete' };
const UNWANTED: Settlement = { kind: 'delete', skipped: 'unwanted' };

/** Takes one delivery from its turn to its settlement: past the inbox, through its handler, to what became of it. */
export class DeliveryRunner implements LaneRunner<Delivery> {
  /** Delay of a failed head, for the messages behind it. */
  private readonly delays = new WeakMap<Delivery, number>();
  private readonly deciding = new Set<Promise<unknown>>();
  private readonly contexts = new DeliveryContexts();
  private readonly lastResort: LastResort;

  constructor(private readonly options: DeliveryRunnerOptions) {
    this.lastResort = new LastResort(options);
  }

  /** Messages of which it is asked whether another version wants them. */
  get undecided(): number {
    return this.deciding.size;
  }

  /** Resolves when the delivery is out of the way of what comes after it. Never rejects. */
  handle(delivery: Delivery): Promise<LaneVerdict> {
    return this.contexts.run(this.handleHere, delivery);
  }

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
        await suspects?.end(delivery.messageId);
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
      if (!settlement) return await this.giveBack(delivery);
      if ((await this.finish(delivery, settlement)) === 'claim-lost') return this.unlessFifo('advance');
      const wasRun = admission.settlement === undefined;
      const departure = await this.settle(delivery, { attempt, settlement, wasRun, startedAt });
      return departure === 'gone' ? 'advance' : this.unlessFifo('advance');
    } catch (error) {
      return await this.asLastResort(delivery, error);
    } finally {
      this.release(delivery);
    }
  }

  /** Never rejects. */
  private async asLastResort(delivery: Delivery, error: unknown): Promise<LaneVerdict> {
    this.release(delivery);
    const { departure, seconds } = await this.lastResort.settle(delivery, error);
    this.delays.set(delivery, seconds);
    return departure === 'gone' ? 'advance' : 'hold';
  }

  /** Undefined: it was not called, since the server stops. */
  private async callHandler(delivery: Delivery, attempt: Attempt): Promise<Settlement | undefined> {
    if (delivery.isHeldBack) return undefined;
    if (isObserved('started')) announce('started', this.named(delivery, attempt));
    try {
      await this.options.dispatcher.dispatch(delivery, attempt.number);
      return HANDLED;
    } catch (error) {
      if (isInstance(error, HeldBackError)) return undefined;
      return this.options.failures.settlementOf(delivery, attempt, error);
    }
  }

  /** To those who have not stopped, at once. */
  private async giveBack(delivery: Delivery): Promise<LaneVerdict> {
    const { gate, settler, attempts, heartbeat } = this.options;
    attempts.noteUncounted(delivery.messageId);
    await gate?.leave(delivery, 'unstarted');
    heartbeat.untrack(delivery);
    settler.returnToQueue([delivery], 0);
    return 'hold';
  }

  /**
   * Tells the inbox. After `'claim-lost'` the handler has finished and the inbox does not say so: who has the claim now,
   * or comes next, will decide.
   */
  private async finish(delivery: Delivery, settlement: Settlement): Promise<'done' | 'claim-lost'> {
    const { queue, gate, logger } = this.options;
    if (!gate || (await gate.finish(delivery, settlement)) === 'done') return 'done';
    logger.warn(
      `${queue.name}: message ${delivery.messageId} was handled, but its claim in the inbox ended before it could be marked done; it is not settled and comes again`,
    );
    return 'claim-lost';
  }

  /** The only place where it matters which settlement it is. */
  private async settle(delivery: Delivery, { attempt, settlement, wasRun, startedAt }: Outcome): Promise<Departure> {
    const { gate, heartbeat, settler, attempts, suspects } = this.options;
    const { messageId } = delivery;
    // A machine that was suspended may have lost the lease: a failure would put off what another has by now.
    if (settlement.kind !== 'delete' && heartbeat.isDoubted(delivery)) await heartbeat.confirm(delivery);
    switch (settlement.kind) {
      case 'delete':
        heartbeat.untrack(delivery);
        attempts.forget(messageId);
        break;
      case 'retry':
        heartbeat.untrack(delivery);
        this.delays.set(delivery, settlement.seconds);
        if (settlement.isFree) attempts.noteFree(messageId);
        else attempts.noteFailed(messageId);
        break;
      case 'wait':
        heartbeat.untrack(delivery);
        this.delays.set(delivery, settlement.seconds);
        attempts.noteUncounted(messageId);
        break;
      case 'dead-letter':
        // A copy to the dead letter queue takes two calls and perhaps retries: the lease must last as long.
        break;
      default:
        return settlement satisfies never;
    }
    // Its handler has ended, whether a copy is accepted or not: what the mark tells of is a death.
    const unmarked = suspects?.end(messageId);
    // A stop waits for it: the process ends then, and would leave the mark of a death.
    if (settlement.kind === 'wait' && settlement.why === 'stopped') await unmarked;
    const wasLost = delivery.leaseLost;
    const settled = settler.settle(delivery, settlement, attempt.made);
    if (isObserved('settled')) {
      announce('settled', settledEvent(this.named(delivery, attempt), delivery, settlement, startedAt));
    }
    if (settlement.kind === 'delete') return 'gone';
    if (settlement.kind === 'wait') return this.putOff(delivery, settlement, settled);
    const departure = await settled;
    // Told the inbox or not: a heartbeat would undo the delay of one whose copy failed.
    heartbeat.untrack(delivery);
    // Another may have it by now, and what that comes to is not decided here.
    if (settlement.kind === 'dead-letter' && wasLost) attempts.noteFailed(messageId);
    else if (settlement.kind === 'dead-letter')
      this.noteDeadLetter(delivery, { attempt, error: settlement.error }, departure);
    // What was only to be copied has not been tried again.
    const stays = wasRun ? 'failed' : 'unstarted';
    if (delivery.claim) await gate?.leave(delivery, departure === 'gone' ? 'dead-lettered' : stays);
    return departure;
  }

  private noteDeadLetter({ messageId }: Delivery, verdict: Verdict, departure: Departure): void {
    const { attempts } = this.options;
    if (departure === 'gone') return attempts.forget(messageId);
    attempts.noteUncounted(messageId);
    attempts.decide(messageId, verdict);
  }

  /**
   * Hidden first, then noted in the inbox: one that is woken at once would else be hidden after that. On a standard queue
   * nobody waits for it.
   */
  private async putOff(
    delivery: Delivery,
    settlement: Settlement & { kind: 'wait' },
    settled: Promise<Departure>,
  ): Promise<Departure> {
    const { gate, queue } = this.options;
    if (gate && settlement.turn) void settled.then(() => gate.putOff(delivery, settlement));
    return queue.fifo ? settled : 'returns';
  }

  /** A standard queue keeps no order that those behind a message could wait for. */
  private unlessFifo(verdict: LaneVerdict): LaneVerdict {
    return this.options.queue.fifo ? 'hold' : verdict;
  }

  private named({ messageId }: Delivery, { number: attempt }: Attempt): StartedEvent {
    return { queue: this.options.queue.name, messageId, attempt };
  }

  private release(delivery: Delivery): void {
    const { heartbeat, inFlight } = this.options;
    heartbeat.untrack(delivery);
    inFlight.delete(delivery);
  }
}
