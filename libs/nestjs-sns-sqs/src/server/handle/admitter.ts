import { inWorkSeconds } from '../../inbox/put-off.js';
import type { MaybePromise } from '../../interfaces/inbox-store.interface.js';
import type { Delivery } from '../delivery.js';
import { attemptsExhausted, type Settlement } from '../settle/retry-policy.js';
import type { Heartbeat } from '../settle/heartbeat.js';
import type { Settler } from '../settle/settler.js';
import type { Attempt, AttemptCounter, AttemptTimes } from './attempt-counter.js';
import type { Failures } from './failures.js';
import type { GateVerdict, InboxGate } from './inbox-gate.js';
import type { SoloRuns } from './solo-runs.js';
import type { Suspects } from './suspects.js';
import type { TurnGate } from './turn-gate.js';
import type { UnknownTypeDecision } from './unknown-types.js';

export interface AdmitterOptions {
  maxReceiveCount: number;
  /** Undefined: the keys of the messages have no limits. */
  turns: TurnGate | undefined;
  gate: InboxGate | undefined;
  settler: Pick<Settler, 'wasDone'>;
  heartbeat: Pick<Heartbeat, 'mayBegin' | 'isHeld'>;
  attempts: AttemptCounter;
  suspects: Suspects | undefined;
  solo: SoloRuns;
  failures: Failures;
}

/** Before the handler: how a message is settled without one, or that it is run. */
export interface Admission {
  attempt: Attempt;
  settlement?: Settlement;
}

const RUN: GateVerdict = { kind: 'run' };
const NO_TIME_LEFT: AttemptTimes = { sinceFirstMs: Infinity };
const DONE_BEFORE: GateVerdict = { kind: 'settle', settlement: { kind: 'delete', skipped: 'duplicate' } };

/** Decides whether a message's handler is called: asks this process's memory, the inbox, and what earlier processes left. */
export class Admitter {
  constructor(private readonly options: AdmitterOptions) {}

  /**
   * Undefined: the lease was lost before anything was run.
   * @param unknown what becomes of it where no handler takes its type
   */
  async admit(delivery: Delivery, unknown: UnknownTypeDecision): Promise<Admission | undefined> {
    const { turns, gate, settler, heartbeat, attempts, failures, solo, maxReceiveCount } = this.options;
    if (delivery.leaseLost) return this.notStarted(delivery);
    const mayBegin = heartbeat.mayBegin(delivery);
    if (!(mayBegin instanceof Promise ? await mayBegin : mayBegin)) return this.notStarted(delivery);
    // What waits for another version has nothing to do with the inbox of this one.
    if (unknown?.kind === 'wait') {
      return this.notCalled(delivery, attempts.attemptOf(delivery), unknown);
    }
    const earlyMs = attempts.earlyMs(delivery);
    if (earlyMs > 0) return this.notCalled(delivery, attempts.attemptOf(delivery), backoffLeft(earlyMs));
    const wasDone = settler.wasDone(delivery);
    // A claim that its process dies with counts as a death of its event, whether its handler was called or not.
    if (gate && !wasDone && solo.areTaken && delivery.receiveCount >= maxReceiveCount) {
      return this.afterSolo(delivery, attempts.attemptOf(delivery));
    }
    if (turns && !wasDone && !attempts.verdictOf(delivery.messageId)) {
      const turn = turns.enter(delivery);
      const wait = turn instanceof Promise ? await turn : turn;
      if (delivery.isAbandoned) return undefined;
      if (delivery.leaseLost) return this.notStarted(delivery);
      if (wait) return this.notCalled(delivery, attempts.attemptOf(delivery), wait);
    }
    const entered = wasDone ? DONE_BEFORE : gate ? gate.enter(delivery) : RUN;
    const verdict = entered instanceof Promise ? await entered : entered;
    if (delivery.isAbandoned) return undefined;
    if (delivery.leaseLost) return this.notStarted(delivery);
    const stored = 'attempt' in verdict ? verdict.attempt : undefined;
    // What the inbox ends has no time left either.
    const attempt = attempts.attemptOf(delivery, stored, verdict.kind === 'run' ? verdict : NO_TIME_LEFT);
    switch (verdict.kind) {
      case 'run':
        // The store was slow, or the machine or the event loop stood still meanwhile: the claim may be another's.
        if (entered instanceof Promise && (!heartbeat.isHeld(delivery) || gate?.isClaimOver(delivery))) {
          return this.notCalled(delivery, attempt, CLAIM_DOUBTED);
        }
        return this.beforeRun(delivery, attempt, unknown, verdict);
      case 'settle':
        return this.notCalled(delivery, attempt, verdict.settlement);
      case 'fail':
        return (
          this.decided(delivery) ?? {
            attempt: verdict.attempt === undefined ? uncalled(attempt) : attempt,
            settlement: failures.settlementOf(delivery, attempt, verdict.error),
          }
        );
      default:
        return verdict satisfies never;
    }
  }

  /** What keeps a message from its handler although the inbox lets it run. */
  private beforeRun(
    delivery: Delivery,
    attempt: Attempt,
    unknown: UnknownTypeDecision,
    { attempt: stored, isSuspect }: GateVerdict & { kind: 'run' },
  ): MaybePromise<Admission> {
    const { suspects, failures, solo } = this.options;
    if (unknown?.kind === 'failed') {
      return { attempt: uncalled(attempt), settlement: failures.settlementOf(delivery, attempt, unknown.error) };
    }
    if (unknown) return { attempt, settlement: unknown };
    const decided = this.decided(delivery);
    if (decided) return decided;
    if (isSuspect) return solo.begin(delivery) ? { attempt } : this.afterSolo(delivery, attempt);
    if (stored !== undefined || !suspects?.isSuspect(delivery)) return { attempt };
    return this.beforeSuspect(delivery, attempt, suspects);
  }

  private async beforeSuspect(delivery: Delivery, attempt: Attempt, suspects: Suspects): Promise<Admission> {
    const { failures, maxReceiveCount } = this.options;
    const suspicion = await suspects.begin(delivery);
    switch (suspicion) {
      case 'run':
        return { attempt };
      case 'wait':
        return this.notCalled(delivery, attempt, { kind: 'wait', why: 'in-work', seconds: suspects.waitSeconds });
      case 'behind':
        return this.afterSolo(delivery, attempt);
      case 'deadly': {
        // For certain it is one: the death that left the mark. The receives before it can have been as many.
        const { messageId, receiveCount } = delivery;
        const error = attemptsExhausted(messageId, receiveCount - 1, { maxReceiveCount }, 'marked');
        const last = { ...attempt, counted: maxReceiveCount, made: maxReceiveCount };
        return { attempt: last, settlement: failures.settlementOf(delivery, last, error) };
      }
      default:
        return suspicion satisfies never;
    }
  }

  /** Another runs of which the process may die. What is in work then may be taken for the cause: this one is not. */
  private afterSolo(delivery: Delivery, attempt: Attempt): Admission {
    const seconds = inWorkSeconds(delivery.receiveCount, Infinity);
    return this.notCalled(delivery, attempt, { kind: 'wait', why: 'in-work', seconds });
  }

  /** It is settled without a call of its handler. */
  private notCalled(delivery: Delivery, attempt: Attempt, settlement: Settlement): Admission {
    return { attempt: uncalled(attempt), settlement: this.options.failures.inTime(delivery, settlement) };
  }

  /** Its copy to the dead letter queue was refused before: it is only copied, with what was decided then. */
  private decided({ messageId }: Delivery): Admission | undefined {
    const decided = this.options.attempts.verdictOf(messageId);
    if (!decided) return undefined;
    return {
      attempt: decided.attempt,
      settlement: { kind: 'dead-letter', rule: 'copied-again', error: decided.error },
    };
  }

  private notStarted(delivery: Delivery): undefined {
    this.options.attempts.noteUncounted(delivery.messageId);
    void this.options.gate?.leave(delivery, 'unstarted');
  }
}

const CLAIM_DOUBTED: Settlement = { kind: 'wait', why: 'in-work', seconds: 1 };

const uncalled = (attempt: Attempt): Attempt => ({ ...attempt, made: attempt.made - 1 });

const backoffLeft = (ms: number): Settlement => ({ kind: 'wait', why: 'backoff', seconds: Math.ceil(ms / 1000) });
