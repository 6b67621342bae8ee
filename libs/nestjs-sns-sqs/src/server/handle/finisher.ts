import type { LoggerService } from '@nestjs/common';
import { announce, isObserved } from '../../events/diagnostics.js';
import type { MaybePromise } from '../../interfaces/inbox-store.interface.js';
import type { Delivery } from '../delivery.js';
import type { Heartbeat } from '../settle/heartbeat.js';
import type { Settlement } from '../settle/retry-policy.js';
import { settledEvent } from '../settle/settlement-report.js';
import type { Departure, Settler } from '../settle/settler.js';
import type { Attempt, AttemptCounter, Verdict } from './attempt-counter.js';
import { endTrace } from './delivery-tracer.js';
import type { Ending, InboxGate } from './inbox-gate.js';
import type { Suspects } from './suspects.js';

export interface FinisherOptions {
  queue: { name: string; fifo: boolean };
  gate: InboxGate | undefined;
  heartbeat: Heartbeat;
  settler: Settler;
  attempts: AttemptCounter;
  /** Undefined: a store counts starts for all processes, or the queue's tags are out of reach. */
  suspects: Suspects | undefined;
  logger: Pick<LoggerService, 'warn'>;
}

/** How a delivery that was neither lost nor left to SQS came to its end. */
export interface Outcome {
  attempt: Attempt;
  settlement: Settlement;
  /** Its handler was called. */
  wasRun: boolean;
  startedAt: number;
}

/** Takes a decided delivery to its end: tells the inbox, the attempts and the heartbeat, and has the message settled. */
export class Finisher {
  /** @param delays in seconds, of messages that go back: a failed head's is shared by those behind it */
  constructor(
    private readonly options: FinisherOptions,
    private readonly delays: WeakMap<Delivery, number>,
  ) {}

  /**
   * Tells the inbox. After `'claim-lost'` the handler has finished and the inbox does not say so: who has the claim now,
   * or comes next, will decide.
   */
  tellInbox(delivery: Delivery, settlement: Settlement): MaybePromise<Ending> {
    const { gate } = this.options;
    const ending = gate ? gate.finish(delivery, settlement) : 'done';
    return ending instanceof Promise ? ending.then(known => this.told(delivery, known)) : this.told(delivery, ending);
  }

  private told({ messageId }: Delivery, ending: Ending): Ending {
    if (ending === 'done') return ending;
    this.options.logger.warn(
      `${this.options.queue.name}: message ${messageId} was handled, but its claim in the inbox ended before it could be marked done; it is not settled and comes again`,
    );
    return ending;
  }

  /** The only place where it matters which settlement it is. A delete is handed over at once, without a promise. */
  settle(delivery: Delivery, outcome: Outcome): MaybePromise<Departure> {
    const { settlement } = outcome;
    if (settlement.kind !== 'delete') return this.settleReturned(delivery, outcome, settlement);
    const { heartbeat, attempts, suspects } = this.options;
    heartbeat.untrack(delivery);
    attempts.forget(delivery.messageId);
    void suspects?.end(delivery, true);
    void this.handOver(delivery, outcome);
    return 'gone';
  }

  private handOver(delivery: Delivery, { attempt, settlement, startedAt }: Outcome): Promise<Departure> {
    const { queue, settler } = this.options;
    if (delivery.trace) endTrace(delivery.trace, attempt.number, settlement);
    const settled = settler.settle(delivery, settlement, attempt.made);
    if (isObserved('settled')) {
      const named = { queue: queue.name, messageId: delivery.messageId, attempt: attempt.number };
      announce('settled', settledEvent(named, delivery, settlement, startedAt));
    }
    return settled;
  }

  private async settleReturned(
    delivery: Delivery,
    outcome: Outcome,
    settlement: Exclude<Settlement, { kind: 'delete' }>,
  ): Promise<Departure> {
    const { gate, heartbeat, attempts, suspects } = this.options;
    const { attempt, wasRun } = outcome;
    const { messageId } = delivery;
    // A machine that was suspended may have lost the lease: a failure would put off what another has by now.
    if (heartbeat.isDoubted(delivery)) await heartbeat.confirm(delivery);
    switch (settlement.kind) {
      case 'retry':
        heartbeat.untrack(delivery);
        this.delays.set(delivery, settlement.seconds);
        if (settlement.isFree) attempts.noteFree(messageId, settlement.seconds);
        else attempts.noteFailed(messageId, settlement.seconds);
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
    // Its handler has ended, whether a copy is accepted or not: what its own mark would tell of is a death.
    const unmarked = suspects?.end(delivery);
    // A stop waits for it: the process ends then, and would leave the mark of a death.
    if (settlement.kind === 'wait' && settlement.why === 'stopped') await unmarked;
    const wasLost = delivery.leaseLost;
    const settled = this.handOver(delivery, outcome);
    if (settlement.kind === 'wait') return this.putOff(delivery, settlement, settled);
    const departure = await settled;
    // Told the inbox or not: a heartbeat would undo the delay of one whose copy failed.
    heartbeat.untrack(delivery);
    if (departure === 'gone') void suspects?.noteGone(messageId);
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
    if (gate && settlement.turn) {
      void gate.announcePutOff(delivery, settlement);
      void settled.then(() => gate.putOff(delivery, settlement));
    }
    return queue.fifo ? settled : 'returns';
  }
}
