import type { MessageHandler } from '@nestjs/microservices';
import { abortController } from '../async/abort.js';
import { monotonicNow } from '../async/clock.js';
import type { Link } from '../async/linked-list.js';
import type { SqsContext } from '../ctx-host/sqs.context.js';
import type { HeldClaim } from '../inbox/held-claim.js';
import type { EventEnvelope } from '../interfaces/envelope.interface.js';
import type { Operation } from '../events/traced.js';
import type { SqlExecutor } from '../interfaces/sql.interface.js';
import type { SqsMessage } from '../interfaces/wire.interface.js';
import { afterEnd, enterHandler, workBeside, type HandlerEntry } from './handler-entry.js';

/** What a handler is called with. */
export interface HandlerInput {
  handler: MessageHandler;
  payload: unknown;
  context: SqsContext;
}

/** The messages that are handled together with this one. */
export interface Together {
  /** Resolves when the message is done; rejects with its own error, or with HeldBackError where it goes back. */
  join(delivery: Delivery, input: HandlerInput): Promise<void>;
}

type Decode = (message: SqsMessage) => Promise<EventEnvelope> | EventEnvelope;

/** One received message from its receive to its settlement. It settles once: {@link claimSettlement} is true for the first caller only. */
export class Delivery implements HandlerEntry {
  /** Made when somebody asks for the signal: most handlers do not. */
  private controller: AbortController | undefined;
  private isSettled = false;
  private isLeaseLost = false;
  private isSignalTaken = false;
  private held = false;
  private stopped = false;
  private decoded: Promise<EventEnvelope> | EventEnvelope | undefined;
  private known: EventEnvelope | undefined;
  hasEntered = false;
  /** Its handler was not called, whatever interceptors and filters make of that. */
  isKeptOut = false;
  /**
   * The machine may have been suspended, and the lease have ended unnoticed; found at this time, in milliseconds.
   * Undefined: nothing speaks for it, or the lease was extended since.
   */
  doubtedSince: number | undefined;
  /** Ends a handler that streams, which a signal does not; called with the reason when the handler is told to stop. */
  cutOff: ((reason: Error) => void) | undefined;
  /** What its handler asked for by throwing, before filters made something else of it. */
  outcome: Error | undefined;
  /**
   * Of a request that was not answered as its handler wanted: with this error of the handler, or undefined where nothing
   * is known of what the handler needs. It is done all the same.
   */
  refused: { error: unknown } | undefined;
  /** Its caller has the answer of its handler. */
  isAnswered = false;
  /** What its handler does behind interceptors, which an unsubscription does not end. */
  private work: Promise<unknown> | undefined;
  /** The server has closed, and the message is left to SQS: nothing is done about it any more. */
  isAbandoned = false;
  /** Its place among those that have not ended. */
  placeInFlight: Link<Delivery> | undefined;
  /** Its place among those whose leases are extended. */
  heldLease: Link<Delivery> | undefined;
  /** When this process accepted it, by the monotonic clock, in milliseconds; undefined: nobody traces. */
  acceptedAt: number | undefined;
  /** Undefined: it is not traced. */
  trace: Operation<'process'> | undefined;
  /** Undefined: its handler is called for it alone. */
  batch: Together | undefined;
  /** In a batch: its failure would be its last, or its process may die of it. */
  isCalledAlone = false;
  /** Its failure was told with that of its batch. */
  isFailureTold = false;
  /** On FIFO: the message before it that goes back. */
  behind: Delivery | undefined;
  /** In the inbox, while the event is this process's. */
  claim: HeldClaim | undefined;
  /** The claim that was given back although its handler may still run. */
  releasedClaim: HeldClaim | undefined;
  /** Marks its event done in a transaction of its handler's. Undefined: its queue has no inbox. */
  marker: { markDoneIn(delivery: Delivery, tx: SqlExecutor): Promise<void> } | undefined;

  /**
   * @param receivedAt when SQS has handed it out, or a little before, by the monotonic clock of this process, in
   * milliseconds: see `leaseStart`
   * @param leaseEndsAt when SQS may deliver it again, by the same clock
   */
  constructor(
    readonly message: SqsMessage,
    readonly receivedAt: number,
    public leaseEndsAt: number,
  ) {}

  get messageId(): string {
    return this.message.MessageId ?? '';
  }

  get receiptHandle(): string {
    return this.message.ReceiptHandle ?? '';
  }

  get groupId(): string | undefined {
    return this.message.Attributes?.['MessageGroupId'];
  }

  /** How often SQS has handed this message out, 1 at least. */
  get receiveCount(): number {
    const count = Number(this.message.Attributes?.['ApproximateReceiveCount']);
    return Number.isInteger(count) && count > 0 ? count : 1;
  }

  /** When SQS handed it out for the first time, in milliseconds since the epoch, by SQS's clock; undefined: it did not say. */
  get firstReceivedAt(): number | undefined {
    return stamp(this.message.Attributes?.['ApproximateFirstReceiveTimestamp']);
  }

  /** When it was sent, in milliseconds since the epoch, by SQS's clock; undefined: SQS did not say. */
  get sentAt(): number | undefined {
    return stamp(this.message.Attributes?.['SentTimestamp']);
  }

  /** What was decoded of the body; undefined before {@link decode}, and for a body that cannot be read. */
  get envelope(): EventEnvelope | undefined {
    return this.known;
  }

  /** Decodes the body at the first call, and gives or throws the same again at each other. */
  decode(decode: Decode): Promise<EventEnvelope> | EventEnvelope {
    this.decoded ??= this.decodeOnce(decode);
    return this.decoded;
  }

  private decodeOnce(decode: Decode): Promise<EventEnvelope> | EventEnvelope {
    try {
      const envelope = decode(this.message);
      if (!(envelope instanceof Promise)) return (this.known = envelope);
      return envelope.then(decoded => (this.known = decoded));
    } catch (error) {
      const failed = Promise.reject<EventEnvelope>(error);
      // Whoever needs the envelope sees it; nobody may.
      failed.catch(() => undefined);
      return failed;
    }
  }

  get signal(): AbortSignal {
    this.isSignalTaken = true;
    return this.stopping.signal;
  }

  /** Its handler was told to stop by another signal that it asked for: that of its batch. */
  noteToldToStop(): void {
    this.isSignalTaken = true;
  }

  private get stopping(): AbortController {
    return (this.controller ??= abortController());
  }

  get leaseLost(): boolean {
    return this.isLeaseLost;
  }

  /** As {@link leaseLost}, or it has ended unnoticed, since the event loop stood still. */
  get isLeaseOver(): boolean {
    return this.isLeaseLost || this.leaseEndsAt <= monotonicNow();
  }

  /**
   * Its lease is lost or its server does not wait any longer, and its handler asked for the signal by which it was told so:
   * it may have stopped in the middle, although it did not fail. Not where its caller has the answer.
   */
  get mayHaveStopped(): boolean {
    return this.isSignalTaken && !this.isAnswered && (this.isLeaseLost || this.stopped);
  }

  get settled(): boolean {
    return this.isSettled;
  }

  /** The reason for which its handler was told to stop. */
  get abortReason(): Error | undefined {
    return this.controller?.signal.aborted ? (this.controller.signal.reason as Error) : undefined;
  }

  /** The server stops, and its handler may not begin any more. */
  get isHeldBack(): boolean {
    return this.held;
  }

  /** Its handler was cut off by the end of the server, which is no failure of its own. */
  get isStopped(): boolean {
    return this.stopped;
  }

  /** Guards, interceptors and pipes have come to its handler: why it must not be called any more; undefined: it is called. */
  enter(): Error | undefined {
    return enterHandler(this, !this.held && !this.isLeaseOver);
  }

  /** Its handler does not begin any more, unless it has. */
  holdBack(): void {
    this.held = !this.hasEntered;
  }

  /** Its handler works behind interceptors. */
  noteWork(work: Promise<unknown>): void {
    this.work = workBeside(this.work, work);
  }

  /** Calls back when what its handler does behind interceptors has ended; at once where there is nothing. */
  afterWork(then: () => void): void {
    afterEnd(this.work, then);
  }

  /** Tells the handler to stop; its result is settled when it has ended. */
  abort(reason: Error): void {
    this.stopping.abort(reason);
    this.cutOff?.(reason);
  }

  /** As {@link abort}, since the server does not wait any longer. */
  stop(reason: Error): void {
    this.stopped = true;
    this.abort(reason);
  }

  /** Another consumer may have the message now: the handler is told to stop, and its result will not be settled. */
  loseLease(reason: Error): void {
    this.isLeaseLost = true;
    this.abort(reason);
  }

  /** Claims the one settlement. False: it was settled before, or its lease is lost. */
  claimSettlement(): boolean {
    if (this.isSettled || this.isLeaseLost) return false;
    this.isSettled = true;
    return true;
  }
}

function stamp(text: string | undefined): number | undefined {
  const milliseconds = Number(text);
  return text !== undefined && Number.isSafeInteger(milliseconds) && milliseconds > 0 ? milliseconds : undefined;
}
