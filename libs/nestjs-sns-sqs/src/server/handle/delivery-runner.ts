import type { LoggerService } from '@nestjs/common';
import { turnToRead } from '../../async/large-messages.js';
import { isObserved } from '../../events/diagnostics.js';
import type { Delivery } from '../delivery.js';
import type { InFlight } from '../in-flight.js';
import type { LaneRunner, LaneVerdict } from '../receive/lane-base.js';
import { leastDelaySeconds, type Settlement } from '../settle/retry-policy.js';
import type { Admitter } from './admitter.js';
import { AttemptRunner, type AttemptRunnerOptions } from './attempt-runner.js';
import { DeliveryContexts } from './delivery-contexts.js';
import type { DeliveryTracer } from './delivery-tracer.js';
import { Finisher, type FinisherOptions } from './finisher.js';
import type { InboxGate } from './inbox-gate.js';
import { LastResort } from './last-resort.js';
import type { SoloRuns } from './solo-runs.js';
import type { UnknownTypeDecision, UnknownTypes, UnknownTypeVerdict } from './unknown-types.js';

export interface DeliveryRunnerOptions extends FinisherOptions, AttemptRunnerOptions {
  queue: { name: string; fifo: boolean };
  unknownTypes: UnknownTypes;
  admitter: Admitter;
  solo: SoloRuns;
  tracer: DeliveryTracer;
  /** What was received and has not ended; what ends here is taken out. */
  inFlight: InFlight;
  gate: InboxGate | undefined;
  logger: Pick<LoggerService, 'warn' | 'error'>;
}

const UNWANTED: Settlement = { kind: 'delete', skipped: 'unwanted' };

/** Takes one delivery from its turn to its settlement: past the inbox, through its handler, to its end. */
export class DeliveryRunner implements LaneRunner<Delivery> {
  /** Delay of a failed head, for the messages behind it. */
  private readonly delays = new WeakMap<Delivery, number>();
  private readonly deciding = new Set<Promise<unknown>>();
  private readonly contexts = new DeliveryContexts();
  private readonly attempts: AttemptRunner;
  private readonly finisher: Finisher;
  private readonly lastResort: LastResort;

  constructor(private readonly options: DeliveryRunnerOptions) {
    this.attempts = new AttemptRunner(options);
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

  /** Not async, which would cost each message a promise more. */
  private readonly handleHere = (delivery: Delivery): Promise<LaneVerdict> => {
    try {
      const verdict = this.options.unknownTypes.verdictOn(delivery);
      return verdict instanceof Promise
        ? verdict.then(
            known => this.handleKnown(delivery, known),
            (error: unknown) => this.asLastResort(delivery, error),
          )
        : this.handleKnown(delivery, verdict);
    } catch (error) {
      return this.asLastResort(delivery, error);
    }
  };

  private handleKnown(delivery: Delivery, unknown: UnknownTypeVerdict): Promise<LaneVerdict> {
    if (unknown?.kind !== 'undecided') return this.toItsEnd(delivery, unknown);
    // It takes no slot: where SNS filters loosely such messages may be most of them.
    const decided = unknown.isWanted.then(isWanted =>
      this.toItsEnd(delivery, isWanted ? this.options.unknownTypes.wait(delivery) : UNWANTED),
    );
    this.deciding.add(decided);
    void decided.then(() => this.deciding.delete(decided));
    return Promise.resolve('advance');
  }

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
      const settlement = admission.settlement ?? (await this.attempts.run(delivery, attempt));
      if (delivery.isAbandoned) return 'hold';
      if (!settlement) return await this.returnUnstarted(delivery);
      const told = this.finisher.tellInbox(delivery, settlement);
      if ((told instanceof Promise ? await told : told) === 'claim-lost') return this.unlessFifo('advance');
      const wasRun = admission.settlement === undefined;
      const settled = this.finisher.settle(delivery, { attempt, settlement, wasRun, startedAt });
      const departure = settled instanceof Promise ? await settled : settled;
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
