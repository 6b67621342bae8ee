import type { LoggerService } from '@nestjs/common';
import { errorText } from '../../errors/aws-errors.js';
import { announce, isObserved, type StartedEvent } from '../../events/diagnostics.js';
import type { Delivery } from '../delivery.js';
import type { LaneRunner, LaneVerdict } from '../receive/lanes.js';
import type { Heartbeat } from '../settle/heartbeat.js';
import { settlementOfFailure, type RetryRules, type Settlement } from '../settle/retry-policy.js';
import { logFailure, settledEvent } from '../settle/settlement-report.js';
import type { Departure, Settler } from '../settle/settler.js';
import { HeldBackError, type Dispatcher } from './dispatcher.js';
import type { GateVerdict, InboxGate } from './inbox-gate.js';
import type { UnstartedMemory } from './unstarted-memory.js';

export interface DeliveryRunnerOptions {
  queue: { name: string; fifo: boolean };
  rules: RetryRules;
  gate: InboxGate | undefined;
  dispatcher: Dispatcher;
  heartbeat: Heartbeat;
  settler: Settler;
  unstarted: UnstartedMemory;
  /** What was received and has not ended; what ends here is taken out. */
  inFlight: Set<Delivery>;
  logger: Pick<LoggerService, 'log' | 'warn' | 'error'>;
}

/** Before the handler: how it is settled without one, or that it is run. */
interface Admission {
  attempt: number;
  settlement?: Settlement;
}

/** How a delivery that was neither lost nor left to SQS came to its end. */
interface Outcome extends Required<Admission> {
  startedAt: number;
}

const RUN: GateVerdict = { kind: 'run' };
const HANDLED: Settlement = { kind: 'delete' };
const DONE_BEFORE: GateVerdict = { kind: 'settle', settlement: { kind: 'delete', skipped: 'duplicate' } };

/** Takes one delivery from its turn to its settlement: past the inbox, through its handler, to what became of it. */
export class DeliveryRunner implements LaneRunner<Delivery> {
  /** Delay of a failed head, for the messages behind it. */
  private readonly delays = new WeakMap<Delivery, number>();

  constructor(private readonly options: DeliveryRunnerOptions) {}

  /** Resolves when the delivery is out of the way of what comes after it. Never rejects. */
  async handle(delivery: Delivery): Promise<LaneVerdict> {
    const { queue, logger } = this.options;
    try {
      const startedAt = isObserved('settled') ? performance.now() : 0;
      const admission = await this.admit(delivery);
      if (!admission) return this.standard('advance');
      const { attempt } = admission;
      const settlement = admission.settlement ?? (await this.callHandler(delivery, attempt));
      if (delivery.isAbandoned) return 'hold';
      if (!settlement) return await this.giveBack(delivery);
      if ((await this.finish(delivery, settlement)) === 'claim-lost') return this.standard('advance');
      const departure = await this.settle(delivery, { attempt, settlement, startedAt });
      return departure === 'gone' ? 'advance' : this.standard('advance');
    } catch (error) {
      // A fault of our own: the message stays with SQS, and so does what is behind it in its group.
      logger.error(`${queue.name}: message ${delivery.messageId}: ${errorText(error)}`);
      return 'hold';
    } finally {
      this.release(delivery);
    }
  }

  /** Takes back what was not started; `failed` is the head of its group, whose delay it shares. */
  returnToQueue(deliveries: readonly Delivery[], failed: Delivery | undefined): void {
    for (const delivery of deliveries) {
      this.options.unstarted.note(delivery.messageId);
      this.release(delivery);
    }
    this.options.settler.returnToQueue(deliveries, (failed && this.delays.get(failed)) ?? 0);
  }

  /** Past the inbox. Undefined: the lease was lost before anything was run. */
  private async admit(delivery: Delivery): Promise<Admission | undefined> {
    const { gate, settler, unstarted } = this.options;
    if (delivery.leaseLost) return this.notStarted(delivery);
    const verdict = settler.wasDone(delivery) ? DONE_BEFORE : gate ? await gate.enter(delivery) : RUN;
    if (delivery.isAbandoned) return undefined;
    if (delivery.leaseLost) return this.notStarted(delivery);
    const attempt = ('attempt' in verdict ? verdict.attempt : undefined) ?? unstarted.attemptOf(delivery);
    switch (verdict.kind) {
      case 'run':
        return { attempt };
      case 'settle':
        return { attempt, settlement: verdict.settlement };
      case 'fail':
        return { attempt, settlement: this.failed(delivery, attempt, verdict.error) };
      default:
        return verdict satisfies never;
    }
  }

  /** Undefined: it was not called, since the server stops. */
  private async callHandler(delivery: Delivery, attempt: number): Promise<Settlement | undefined> {
    if (delivery.isHeldBack) return undefined;
    if (isObserved('started')) announce('started', this.named(delivery, attempt));
    try {
      await this.options.dispatcher.dispatch(delivery, attempt);
      return HANDLED;
    } catch (error) {
      return error instanceof HeldBackError ? undefined : this.failed(delivery, attempt, error);
    }
  }

  /** To those who have not stopped, at once. */
  private async giveBack(delivery: Delivery): Promise<LaneVerdict> {
    const { gate, settler, unstarted, heartbeat } = this.options;
    unstarted.note(delivery.messageId);
    await gate?.leave(delivery, 'unstarted');
    heartbeat.untrack(delivery);
    settler.returnToQueue([delivery], 0);
    return 'hold';
  }

  /** Tells the inbox. After `'claim-lost'` the handler has finished and the inbox does not say so: who has the claim now, or comes next, will decide. */
  private async finish(delivery: Delivery, settlement: Settlement): Promise<'done' | 'claim-lost'> {
    const { queue, gate, logger } = this.options;
    if (!gate || (await gate.finish(delivery, settlement)) === 'done') return 'done';
    logger.warn(
      `${queue.name}: message ${delivery.messageId} was handled, but its claim in the inbox ended before it could be marked done; it is not settled and comes again`,
    );
    return 'claim-lost';
  }

  /** The only place where it matters which settlement it is. */
  private async settle(delivery: Delivery, { attempt, settlement, startedAt }: Outcome): Promise<Departure> {
    const { gate, heartbeat, settler, unstarted } = this.options;
    const { messageId } = delivery;
    // A machine that was suspended may have lost the lease: a failure would put off what another has by now.
    if (settlement.kind !== 'delete' && heartbeat.isDoubted(delivery)) await heartbeat.confirm(delivery);
    switch (settlement.kind) {
      case 'delete':
        heartbeat.untrack(delivery);
        unstarted.forget(messageId);
        break;
      case 'retry':
        heartbeat.untrack(delivery);
        this.delays.set(delivery, settlement.seconds);
        break;
      case 'wait':
        heartbeat.untrack(delivery);
        this.delays.set(delivery, settlement.seconds);
        unstarted.note(messageId);
        break;
      case 'dead-letter':
        // A copy to the dead letter queue takes two calls and perhaps retries: the lease must last as long.
        unstarted.forget(messageId);
        break;
      default:
        return settlement satisfies never;
    }
    const settled = settler.settle(delivery, settlement, attempt);
    if (isObserved('settled')) {
      announce('settled', settledEvent(this.named(delivery, attempt), delivery, settlement, startedAt));
    }
    if (settlement.kind === 'delete') return 'gone';
    const departure = await settled;
    // Told the inbox or not: a heartbeat would undo the delay of one whose copy failed.
    heartbeat.untrack(delivery);
    if (delivery.claim) await gate?.leave(delivery, departure === 'gone' ? 'dead-lettered' : 'failed');
    return departure;
  }

  private failed(delivery: Delivery, attempt: number, error: unknown): Settlement {
    const { queue, rules, logger } = this.options;
    const settlement = settlementOfFailure({ error, attempt, fifo: queue.fifo }, rules, Math.random);
    logFailure(logger, this.named(delivery, attempt), rules.maxReceiveCount, error, settlement);
    return settlement;
  }

  /** Its lease was lost before it was run. */
  private notStarted(delivery: Delivery): undefined {
    this.options.unstarted.note(delivery.messageId);
    void this.options.gate?.leave(delivery, 'unstarted');
  }

  /** A standard queue keeps no order that those behind a message could wait for. */
  private standard(verdict: LaneVerdict): LaneVerdict {
    return this.options.queue.fifo ? 'hold' : verdict;
  }

  private named({ messageId }: Delivery, attempt: number): StartedEvent {
    return { queue: this.options.queue.name, messageId, attempt };
  }

  private release(delivery: Delivery): void {
    const { heartbeat, inFlight } = this.options;
    heartbeat.untrack(delivery);
    inFlight.delete(delivery);
  }
}
