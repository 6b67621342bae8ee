import { type Deadlines, Due } from '../deadlines.js';
import { queueDoesNotExist } from '../errors.js';
import type { Ids } from '../ids.js';
import type { Queue } from '../queue/queue.js';

/** AWS moves up to 500 messages a second (sqs-configure-dead-letter-queue-redrive). */
export const MAX_PER_SECOND = 500;
const TICK_MS = 100;

type Status = 'RUNNING' | 'COMPLETED' | 'CANCELLING' | 'CANCELLED' | 'FAILED';

/** The broker, as a move task sees it. */
export interface MoveTaskSurroundings {
  readonly deadlines: Deadlines;
  readonly ids: Ids;
  now(): number;
  queueByArn(arn: string): Queue | undefined;
  controlChanged: boolean;
}

/** A task as it is written down. */
export interface SavedMoveTask {
  id: string;
  sourceArn: string;
  destinationArn: string | undefined;
  perSecond: number | undefined;
  status: Status;
  moved: number;
  toMove: number;
  startedAt: number;
  failure: string | undefined;
}

/** Moves the messages that a dead letter queue has now back to where they came from, or to one destination. */
export class MoveTask extends Due {
  status: Status = 'RUNNING';
  moved = 0;
  private startedAt: number;
  private toMove: number;
  private failure: string | undefined;
  private credit = 0;

  constructor(
    private readonly broker: MoveTaskSurroundings,
    readonly id: string,
    readonly source: Queue,
    private readonly destinationArn: string | undefined,
    private readonly perSecond: number | undefined,
  ) {
    super();
    this.startedAt = broker.now();
    this.toMove = source.messages.size;
    broker.deadlines.schedule(this, this.startedAt);
  }

  get handle(): string {
    return Buffer.from(JSON.stringify({ taskId: this.id, sourceArn: this.source.arn })).toString('base64');
  }

  cancel(): void {
    this.end('CANCELLED');
  }

  save(): SavedMoveTask {
    const { id, source, destinationArn, perSecond, status, moved, toMove, startedAt, failure } = this;
    return {
      id,
      sourceArn: source.arn,
      destinationArn,
      perSecond,
      status,
      moved,
      toMove,
      startedAt,
      failure,
    };
  }

  /** Goes on as that one was. */
  load({ status, moved, toMove, startedAt, failure }: SavedMoveTask): void {
    Object.assign(this, { status, moved, toMove, startedAt, failure });
    if (status !== 'RUNNING') this.broker.deadlines.cancel(this);
  }

  onDue(now: number): void {
    this.broker.controlChanged = true;
    this.credit += ((this.perSecond ?? MAX_PER_SECOND) * TICK_MS) / 1000;
    for (; this.credit >= 1 && this.status === 'RUNNING'; this.credit -= 1) this.moveOne();
    if (this.status === 'RUNNING') this.broker.deadlines.schedule(this, now + TICK_MS);
  }

  describe(): Record<string, unknown> {
    return {
      ...(this.status === 'RUNNING' && { TaskHandle: this.handle }),
      Status: this.status,
      SourceArn: this.source.arn,
      ...(this.destinationArn !== undefined && { DestinationArn: this.destinationArn }),
      ...(this.perSecond !== undefined && { MaxNumberOfMessagesPerSecond: this.perSecond }),
      ApproximateNumberOfMessagesMoved: this.moved,
      ApproximateNumberOfMessagesToMove: this.toMove,
      ...(this.failure && { FailureReason: this.failure }),
      StartedTimestamp: this.startedAt,
    };
  }

  private moveOne(): void {
    if (this.broker.queueByArn(this.source.arn) !== this.source) return this.fail(queueDoesNotExist().queryCode);
    const message = this.source.peek();
    if (!message || this.moved >= this.toMove) {
      this.end('COMPLETED');
      return;
    }
    const origin = message.deadLetterSourceArn;
    if (this.destinationArn === undefined && origin === undefined) return this.fail('CouldNotDetermineMessageSource');
    const target = this.broker.queueByArn(this.destinationArn ?? origin ?? '');
    if (!target) return this.fail(queueDoesNotExist().queryCode);
    this.source.remove(message);
    // A redriven message is a new one, with an id and a time of its own.
    const content = { ...message.content, id: this.broker.ids.uuid(), delayMs: 0 };
    if (target.fifo) content.sequenceNumber = target.nextSequenceNumber();
    target.enqueue(content);
    this.moved += 1;
  }

  private fail(reason: string): void {
    this.failure = reason;
    this.end('FAILED');
  }

  private end(status: Status): void {
    this.status = status;
    this.broker.deadlines.cancel(this);
  }
}
