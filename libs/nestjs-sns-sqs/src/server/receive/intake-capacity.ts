import { AWS_BATCH_MAX_ENTRIES } from '../../constants.js';
import type { DeliveryRunner } from '../handle/delivery-runner.js';
import type { Settler } from '../settle/settler.js';
import type { Steering } from '../steer/steering.js';
import type { LaneSet } from './lane-set.js';
import type { ReceivePace } from './receive-pace.js';
import type { WaitCount } from '../handle/asking-handlers.js';
import type { RequestSlots } from './request-slots.js';
import type { Slots } from './slots.js';

export interface IntakeCapacityOptions {
  fifo: boolean;
  concurrency: number;
  slots: Pick<Slots, 'free'>;
  /** Share of the server's slots beside other queues. */
  weight: number;
  lanes: Pick<LaneSet<never>, 'load' | 'held' | 'ordinaryLoad' | 'inWork'>;
  pace: Pick<ReceivePace, 'prefetch' | 'receives'>;
  settler: Pick<Settler, 'pending'>;
  runner: Pick<DeliveryRunner, 'undecided'>;
  steering: Pick<Steering, 'isHeld' | 'allow'>;
  /** Undefined: there is none. */
  inbox: { readonly isPaused: boolean } | undefined;
  requestSlots: Pick<RequestSlots, 'free'> | undefined;
  waits: Pick<WaitCount, 'waiting'> | undefined;
}

/**
 * Messages of a standard queue that may be held for each slot, beside those that were asked for ahead: where one subject
 * is flooded its lane alone would take in the whole queue. SQS itself hands out no more than one receive of a FIFO group at a time.
 */
const MAX_HELD_PER_SLOT = 2;
/**
 * Messages that may be held while a request of the service's own is looked for behind them: few while handlers work,
 * since other processes could handle them; many when all handlers wait for answers.
 */
const MAX_HELD_FOR_REQUESTS = { working: 2 * AWS_BATCH_MAX_ENTRIES, waiting: 1_000 };
/**
 * Settlements without a result, for each slot and at least: where handlers are faster than deletes, receiving waits for
 * the deletes, so that memory and what is in flight at SQS stay bounded.
 */
const MAX_UNSETTLED = { perSlot: 2, least: 200 };

/** How many messages of one queue may be received now. */
export class IntakeCapacity {
  private readonly maxUnsettled: number;
  private isShortOfSettlements = false;

  constructor(private readonly options: IntakeCapacityOptions) {
    this.maxUnsettled = Math.max(MAX_UNSETTLED.least, options.concurrency * MAX_UNSETTLED.perSlot);
  }

  /** True: with fewer settlements under way there would have been more capacity. */
  get isWaitingForSettlements(): boolean {
    return this.isShortOfSettlements;
  }

  /** A queue that has nothing may always ask for one message: else it could not say that it wants a slot. */
  get messages(): number {
    const { fifo, concurrency, slots, weight, lanes, pace, settler, runner, steering, inbox } = this.options;
    if (inbox?.isPaused || steering.isHeld) return 0;
    const { prefetch } = pace;
    const { load, held, ordinaryLoad, inWork } = lanes;
    const own = concurrency - ordinaryLoad;
    // Without messages that wait a queue would get no slot in its turns. Those of weight 1 come by what they wait for.
    const ahead = slots.free > 0 || weight === 1 ? 0 : Math.min(own, weight, AWS_BATCH_MAX_ENTRIES) - (load - inWork);
    const wanted = Math.max(load === 0 ? 1 : 0, ahead, Math.min(own, slots.free) + prefetch);
    const usual = fifo ? wanted : Math.min(wanted, concurrency * MAX_HELD_PER_SLOT + prefetch - held);
    const capacity = Math.max(usual, this.forRequests);
    // As many messages as may be received at one time may be deleted at one time.
    const maxUnsettled = Math.max(this.maxUnsettled, pace.receives * AWS_BATCH_MAX_ENTRIES);
    const unsettled = maxUnsettled - settler.pending - runner.undecided;
    this.isShortOfSettlements = unsettled < capacity;
    return steering.allow(Math.min(capacity, unsettled));
  }

  /** A request of the service's own may stand behind messages that find no slot. */
  private get forRequests(): number {
    const { requestSlots, waits, lanes } = this.options;
    if (!requestSlots || requestSlots.free <= 0) return 0;
    const { held, inWork } = lanes;
    const doAllWait = waits !== undefined && waits.waiting >= inWork;
    const most = doAllWait ? MAX_HELD_FOR_REQUESTS.waiting : inWork + MAX_HELD_FOR_REQUESTS.working;
    return Math.min(AWS_BATCH_MAX_ENTRIES, most - held);
  }
}
