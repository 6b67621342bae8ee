import { type Deadlines, Due } from '../deadlines.js';
import { queueDoesNotExist } from '../errors.js';
import type { Ids } from '../ids.js';
import type { Queue } from '../queue/queue.js';

/** AWS moves up to 500 messages a second (sqs-configure-dead-letter-queue-redrive). */
export const MOST_PER_SECOND = 500;
const TICK_MS = 100;

type Status = 'RUNNING' | 'COMPLETED' | 'CANCELLING' | 'CANCELLED' | 'FAILED';

/** What a task needs from the broker around it. */
export interface MoveTaskSurroundings {
  readonly deadlines: Deadlines;
  readonly ids: Ids;
  now(): number;
  queueByArn(arn: string): Queue | undefined;
}

/** Moves the messages that a dead letter queue has now back to where they came from, or to one destination. */
export class MoveTask extends Due {
  status: Status = 'RUNNING';
  moved = 0;
  private readonly startedAt: number;
  private readonly toMove: number;
  private failure: string | undefined;
  private credit = 0;

  constructor(
    private readonly broker: MoveTaskSurroundings,
    readonly id: string,
    readonly source: Queue,
    private readonly destination: Queue | undefined,
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

  onDue(now: number): void {
    this.credit += ((this.perSecond ?? MOST_PER_SECOND) * TICK_MS) / 1000;
    for (; this.credit >= 1 && this.status === 'RUNNING'; this.credit -= 1) this.moveOne();
    if (this.status === 'RUNNING') this.broker.deadlines.schedule(this, now + TICK_MS);
  }

  describe(): Record<string, unknown> {
    return {
      ...(this.status === 'RUNNING' && { TaskHandle: this.handle }),
      Status: this.status,
      SourceArn: this.source.arn,
      ...(this.destination && { DestinationArn: this.destination.arn }),
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
    if (this.destination === undefined && origin === undefined) return this.fail('CouldNotDetermineMessageSource');
    const target = this.broker.queueByArn(this.destination?.arn ?? origin ?? '');
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
