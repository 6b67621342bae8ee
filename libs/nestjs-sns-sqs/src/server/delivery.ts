import type { HeldClaim } from '../inbox/held-claim.js';
import type { EventEnvelope } from '../interfaces/envelope.interface.js';
import type { SqsMessage } from '../interfaces/wire.interface.js';

/** One received message from its receive to its settlement. It settles once: {@link settle} is true for the first caller only. */
export class Delivery {
  /** Made when somebody asks for the signal: most handlers do not. */
  private controller: AbortController | undefined;
  private isSettled = false;
  private isLeaseLost = false;
  private isSignalTaken = false;
  /** Set once the body is decoded. */
  envelope: EventEnvelope | undefined;
  /** In the inbox, while the event is this process's. */
  claim: HeldClaim | undefined;

  /** @param leaseEndsAt when SQS may deliver the message again, in milliseconds since the epoch, by this process's clock */
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

  get signal(): AbortSignal {
    this.isSignalTaken = true;
    return this.stopping.signal;
  }

  private get stopping(): AbortController {
    return (this.controller ??= new AbortController());
  }

  get leaseLost(): boolean {
    return this.isLeaseLost;
  }

  /** Its lease is lost, and its handler asked for the signal by which it was told so: it may have stopped in the middle. */
  get mayHaveStopped(): boolean {
    return this.isLeaseLost && this.isSignalTaken;
  }

  get settled(): boolean {
    return this.isSettled;
  }

  abort(reason: Error): void {
    this.stopping.abort(reason);
  }

  /** Another consumer may have the message now: the handler is told to stop, and its result will not be settled. */
  loseLease(reason: Error): void {
    this.isLeaseLost = true;
    this.stopping.abort(reason);
  }

  /** Claims the one settlement. False: it was settled before, or its lease is lost. */
  settle(): boolean {
    if (this.isSettled || this.isLeaseLost) return false;
    this.isSettled = true;
    return true;
  }
}
