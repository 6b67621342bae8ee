import type { LoggerService } from '@nestjs/common';
import { errorText } from '../../errors/aws-errors.js';
import { announce, isObserved, type StartedEvent } from '../../events/diagnostics.js';
import type { Delivery } from '../delivery.js';
import type { Dispatcher } from './dispatcher.js';
import type { Heartbeat } from '../settle/heartbeat.js';
import type { Entry, InboxGate } from './inbox-gate.js';
import { settlementOfFailure, type RetryRules, type Settlement } from '../settle/retry-policy.js';
import { logFailure, settledEvent } from '../settle/settlement-report.js';
import type { Settler } from '../settle/settler.js';
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
  working: Set<Delivery>;
  logger: Pick<LoggerService, 'log' | 'warn' | 'error'>;
}

const NO_INBOX: Entry = {};
const HANDLED: Settlement = { kind: 'delete' };
const DONE_BEFORE: Settlement = { kind: 'delete', skipped: 'duplicate' };

/** Takes one delivery from its turn to its settlement: past the inbox, through its handler, to what became of it. */
export class DeliveryRunner {
  /** Delay of a failed head, for the messages behind it. */
  private readonly delays = new WeakMap<Delivery, number>();

  constructor(private readonly options: DeliveryRunnerOptions) {}

  /**
   * Resolves when it is out of the way of what comes after it. False: it will come again, and its group has to wait.
   * Never rejects.
   */
  async run(delivery: Delivery): Promise<boolean> {
    const { queue, gate, dispatcher, heartbeat, settler, unstarted, logger } = this.options;
    try {
      if (delivery.leaseLost) return this.notStarted(delivery);
      const startedAt = isObserved('settled') ? performance.now() : 0;
      const wasDone = settler.wasDone(delivery);
      const entry: Entry = gate && !wasDone ? await gate.enter(delivery) : NO_INBOX;
      if (delivery.leaseLost) return this.notStarted(delivery);
      const attempt = entry.attempt ?? unstarted.attemptOf(delivery);
      let settlement = wasDone ? DONE_BEFORE : entry.settlement;
      if (!settlement) {
        try {
          if (entry.failure) throw entry.failure.error;
          if (isObserved('started')) announce('started', this.named(delivery, attempt));
          await dispatcher.dispatch(delivery, attempt);
          settlement = HANDLED;
        } catch (error) {
          settlement = this.failed(delivery, attempt, error);
        }
      }
      if (delivery.claim && !(await gate?.finish(delivery, settlement))) return this.leftToSqs(delivery);
      // A copy to the dead letter queue takes two calls and perhaps retries: the lease must last as long.
      if (settlement.kind !== 'dead-letter') heartbeat.release(delivery);
      if (settlement.kind === 'retry' || settlement.kind === 'wait') this.delays.set(delivery, settlement.seconds);
      if (settlement.kind === 'wait') unstarted.note(delivery.messageId);
      else if (settlement.kind !== 'retry') unstarted.forget(delivery.messageId);
      const settled = settler.settle(delivery, settlement, attempt);
      if (isObserved('settled'))
        announce('settled', settledEvent(this.named(delivery, attempt), delivery, settlement, startedAt));
      if (settlement.kind === 'delete') return true;
      // A standard queue keeps no order that those behind it could wait for.
      const isOut = (await settled) && settlement.kind === 'dead-letter';
      // Told the inbox or not: a heartbeat would undo the delay of one whose copy failed.
      heartbeat.release(delivery);
      if (delivery.claim) await gate?.leave(delivery, isOut ? 'dead-lettered' : 'failed');
      return isOut || !queue.fifo;
    } catch (error) {
      // A fault of our own: the message stays with SQS, and so does what is behind it in its group.
      logger.error(`${queue.name}: message ${delivery.messageId}: ${errorText(error)}`);
      return false;
    } finally {
      this.release(delivery);
    }
  }

  /** Takes back what was not started; `failed` is the head of its group, whose delay it shares. */
  giveBack(deliveries: readonly Delivery[], failed: Delivery | undefined): void {
    for (const delivery of deliveries) {
      this.options.unstarted.note(delivery.messageId);
      this.release(delivery);
    }
    this.options.settler.giveBack(deliveries, (failed && this.delays.get(failed)) ?? 0);
  }

  private named({ messageId }: Delivery, attempt: number): StartedEvent {
    return { queue: this.options.queue.name, messageId, attempt };
  }

  private failed(delivery: Delivery, attempt: number, error: unknown): Settlement {
    const { queue, rules, logger } = this.options;
    const settlement = settlementOfFailure({ error, attempt, fifo: queue.fifo }, rules, Math.random);
    logFailure(logger, this.named(delivery, attempt), rules.maxReceiveCount, error, settlement);
    return settlement;
  }

  /** Its lease was lost before it was run. */
  private notStarted(delivery: Delivery): boolean {
    this.options.unstarted.note(delivery.messageId);
    void this.options.gate?.leave(delivery, 'unstarted');
    return !this.options.queue.fifo;
  }

  /** The handler has finished, and the inbox does not say so: who has the claim now, or comes next, will decide. */
  private leftToSqs({ messageId }: Delivery): boolean {
    const { queue, logger } = this.options;
    logger.warn(
      `${queue.name}: message ${messageId} was handled, but its claim in the inbox ended before it could be marked done; it is not settled and comes again`,
    );
    return !queue.fifo;
  }

  private release(delivery: Delivery): void {
    const { heartbeat, working } = this.options;
    heartbeat.release(delivery);
    working.delete(delivery);
  }
}
