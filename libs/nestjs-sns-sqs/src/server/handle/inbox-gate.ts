import { brokenWaitSeconds } from '../../inbox/broken-records.js';
import type { HeldClaim } from '../../inbox/held-claim.js';
import type { Admission } from '../../inbox/admission.js';
import type { Inbox } from '../../inbox/inbox.js';
import { earlySeconds, inWorkSeconds, subjectInWorkSeconds } from '../../inbox/put-off.js';
import type { EventEnvelope } from '../../interfaces/envelope.interface.js';
import type { MaybePromise } from '../../interfaces/inbox-store.interface.js';
import type { SqlExecutor } from '../../interfaces/sql.interface.js';
import type { Delivery } from '../delivery.js';
import {
  attemptsExhausted,
  backoffSeconds,
  leastScheduleMs,
  type RetryRules,
  type Settlement,
} from '../settle/retry-policy.js';
import type { AttemptTimes } from './attempt-counter.js';
import { isClaimLost, unclaimed } from './marked-failures.js';
import type { MessageDecoder } from './message-decoder.js';

export interface InboxGateOptions {
  inbox: Inbox;
  decode: MessageDecoder;
  rules: RetryRules;
  /** The store tells how often the event was started in all processes. */
  knowsAttempts: boolean;
  random?: () => number;
}

/** What follows for a delivery by the inbox. */
export type GateVerdict =
  /** `attempt`: undefined where the store does not know it. `isSuspect`: one more death with it would be its end. */
  | ({ kind: 'run'; attempt?: number; isSuspect?: true | undefined } & AttemptTimes)
  /** It is not run, and settled so. */
  | { kind: 'settle'; settlement: Settlement }
  /** It may not be run, and that is a failed attempt. */
  | { kind: 'fail'; error: unknown; attempt?: number };

/** What came of marking an event done: somebody else may have its claim by now. */
export type Ending = 'done' | 'claim-lost';

const UNAVAILABLE_BOUND_SECONDS = 30;

const RUN: GateVerdict = { kind: 'run' };

/** Between a delivery and its handler: claims its event in the inbox before, and marks it done or releases it after. */
export class InboxGate {
  private readonly random: () => number;

  constructor(private readonly options: InboxGateOptions) {
    this.random = options.random ?? Math.random;
  }

  /** At once where the store answers at once. Never throws or rejects. */
  enter(delivery: Delivery): MaybePromise<GateVerdict> {
    const decoded = delivery.decode(this.options.decode);
    if (!(decoded instanceof Promise)) return this.ask(delivery, decoded);
    return decoded.then(
      envelope => this.ask(delivery, envelope),
      // The dispatcher comes to the same end, and says why.
      () => RUN,
    );
  }

  private ask(delivery: Delivery, envelope: EventEnvelope): MaybePromise<GateVerdict> {
    // Its handler will not begin: the claim would only keep others from it.
    if (delivery.isHeldBack) return RUN;
    const admission = this.options.inbox.admit(envelope);
    return admission instanceof Promise
      ? admission.then(found => this.verdictOn(delivery, found))
      : this.verdictOn(delivery, admission);
  }

  private verdictOn(delivery: Delivery, admission: Admission): GateVerdict {
    switch (admission.kind) {
      case 'skip':
        return { kind: 'settle', settlement: { kind: 'delete', skipped: admission.why } };
      case 'wait':
        return { kind: 'settle', settlement: this.wait(admission, delivery) };
      case 'failed':
        delivery.claim = admission.claim;
        return { kind: 'fail', error: admission.error };
      case 'run':
        delivery.claim = admission.claim;
        delivery.marker = this;
        return this.run(admission, delivery.messageId);
      default:
        return admission satisfies never;
    }
  }

  /** True: the answer to its claim came too late for a handler to begin under it. */
  isClaimOver({ claim }: Delivery): boolean {
    return claim !== undefined && this.options.inbox.isOver(claim);
  }

  /**
   * Tells the inbox how it ended, before the message is settled. After `'claim-lost'` it must not be settled, and stays
   * with SQS. A dead letter is told after it, by {@link leave}.
   */
  finish(delivery: Delivery, settlement: Settlement): MaybePromise<Ending> {
    const { claim } = delivery;
    if (!claim) return 'done';
    if (settlement.kind === 'delete') return this.whileHeld(delivery, claim);
    return this.unfinished(delivery, settlement);
  }

  private async unfinished(delivery: Delivery, settlement: Settlement): Promise<Ending> {
    if (settlement.kind !== 'dead-letter') {
      const backInMs = settlement.kind === 'retry' ? settlement.seconds * 1000 : undefined;
      await this.leave(delivery, isAttempt(settlement) ? 'failed' : 'unstarted', backInMs);
    }
    return 'done';
  }

  /** As {@link SqsContext.markDoneIn}. */
  async markDoneIn(delivery: Delivery, tx: SqlExecutor): Promise<void> {
    // A claim that was given back is asked for all the same: an error of the database's own ends its transaction, also
    // where the handler swallows it.
    const claim = delivery.claim ?? delivery.releasedClaim;
    if (!claim) throw unclaimed(delivery);
    await this.options.inbox.marks.mark(claim, tx);
  }

  /**
   * Its handler has failed after it marked the event done: how the message is settled where the failure does not decide.
   * `'done'`: the transaction was committed, and the event is done.
   */
  async settlementOfMarked(delivery: Delivery, claim: HeldClaim, error: unknown): Promise<Settlement | undefined> {
    const fate = await this.options.inbox.marks.fateOf(claim);
    // Its end is told to the inbox once more, which confirms it and wakes who waits for it.
    if (fate === 'done') return { kind: 'delete' };
    if (fate !== 'not-done' && fate !== 'never-lost') return this.wait(fate, delivery);
    // A transaction in another database than the inbox: there the claim is lost each time, and would be for ever.
    const isElsewhere = fate === 'never-lost' && delivery.receiveCount > this.options.rules.maxReceiveCount;
    return isClaimLost(error) && !isElsewhere ? { kind: 'wait', why: 'in-work', seconds: 1 } : undefined;
  }

  /** SQS is about to hide a message that waits for its turn: see {@link putOff}. Never rejects. */
  async announcePutOff({ receiptHandle }: Delivery, { turn, seconds }: Settlement & { kind: 'wait' }): Promise<void> {
    if (turn) await this.options.inbox.announcePutOff(turn.claim, turn.why, receiptHandle, seconds);
  }

  /** Once SQS has hidden a message that waits for its turn: it is woken when that comes. Never rejects. */
  async putOff({ receiptHandle }: Delivery, { turn, seconds }: Settlement & { kind: 'wait' }): Promise<void> {
    if (turn) await this.options.inbox.putOff(turn.claim, turn.why, receiptHandle, seconds);
  }

  /** Ends the claim without its event being done. @param backInMs when its message comes again */
  async leave(delivery: Delivery, reason: 'failed' | 'unstarted' | 'dead-lettered', backInMs?: number): Promise<void> {
    const { claim } = delivery;
    delivery.claim = undefined;
    delivery.releasedClaim = claim;
    if (claim) await this.options.inbox.release(claim, reason, undefined, backInMs);
  }

  /** Renews the claims of these deliveries; gives those that have lost theirs. */
  async renew(deliveries: readonly Delivery[]): Promise<Delivery[]> {
    const claims = deliveries.map(({ claim }) => claim).filter(claim => claim !== undefined);
    const lost: ReadonlySet<HeldClaim | undefined> = new Set(await this.options.inbox.renew(claims));
    return deliveries.filter(({ claim }) => claim !== undefined && lost.has(claim));
  }

  /**
   * Of those that have used up their attempts only two kinds are not run: what has killed as many processes as it may,
   * and what has been tried for as long as the backoff takes. What is not known counts in the message's favour.
   */
  private run(admission: Admission & { kind: 'run' }, messageId: string): GateVerdict {
    const { rules, knowsAttempts } = this.options;
    const { attempt, sinceFirstMs, sinceLetterMs, isTakenOver = false } = admission;
    if (attempt === undefined || !knowsAttempts) return RUN;
    // A store that does not count deaths may mean all attempts before.
    const { deaths = isTakenOver ? attempt - 1 : 0 } = admission;
    // Its own failures leave it no more deaths than its attempts.
    const hasOneLeft = deaths >= rules.maxReceiveCount - 1 || attempt >= rules.maxReceiveCount;
    const isSuspect = (deaths > 0 && hasOneLeft) || undefined;
    const runs: GateVerdict = { kind: 'run', attempt, sinceFirstMs, sinceLetterMs, isSuspect };
    if (attempt <= rules.maxReceiveCount) return runs;
    const isDeadly = deaths >= rules.maxReceiveCount;
    // The process of its last attempt may have died of another message: it has one more, alone.
    if (!isDeadly && (isTakenOver || (sinceFirstMs ?? 0) < leastScheduleMs(rules))) return runs;
    const how = isDeadly ? 'died' : 'elsewhere';
    return { kind: 'fail', attempt: attempt - 1, error: attemptsExhausted(messageId, attempt - 1, rules, how) };
  }

  private wait(admission: Admission & { kind: 'wait' }, { receiveCount }: Delivery): Settlement & { kind: 'wait' } {
    switch (admission.why) {
      case 'early':
        return { kind: 'wait', why: 'early', seconds: earlySeconds(receiveCount, admission.leftMs), turn: admission };
      case 'in-work': {
        const seconds = inWorkSeconds(receiveCount, admission.leftMs ?? 0);
        return { kind: 'wait', why: 'in-work', seconds, turn: admission };
      }
      case 'subject-in-work': {
        const { leftMs } = admission;
        const seconds =
          leftMs === undefined ? subjectInWorkSeconds(receiveCount, this.random) : earlySeconds(receiveCount, leftMs);
        return { kind: 'wait', why: 'in-work', seconds, turn: admission };
      }
      case 'broken':
        return { kind: 'wait', why: 'unavailable', seconds: brokenWaitSeconds(receiveCount) };
      case 'unavailable': {
        const { backoff } = this.options.rules;
        const bounded = { ...backoff, maxSeconds: Math.min(backoff.maxSeconds, UNAVAILABLE_BOUND_SECONDS) };
        return {
          kind: 'wait',
          why: 'unavailable',
          seconds: Math.max(1, backoffSeconds(receiveCount, bounded, this.random)),
        };
      }
      default:
        return admission satisfies never;
    }
  }

  /** It is still renewed by the heartbeat, which aborts the signal when the lease is lost. */
  private whileHeld(delivery: Delivery, claim: HeldClaim): MaybePromise<Ending> {
    const isDone = this.options.inbox.finish(claim, () => !delivery.leaseLost && !delivery.settled);
    return isDone instanceof Promise ? isDone.then(known => ended(delivery, known)) : ended(delivery, isDone);
  }
}

function ended(delivery: Delivery, isDone: boolean): Ending {
  delivery.claim = undefined;
  return isDone ? 'done' : 'claim-lost';
}

/** False: it was not run to its end, and that costs no attempt. */
const isAttempt = (settlement: Settlement): boolean =>
  settlement.kind !== 'wait' && !(settlement.kind === 'retry' && settlement.isFree);
