import type { LoggerService } from '@nestjs/common';
import { SQS_MAX_RETENTION_SECONDS } from '../../constants.js';
import { errorText } from '../../errors/aws-errors.js';
import type { SqsControlPlane } from '../../interfaces/control-plane.interface.js';
import type { QueueTagReader } from '../../topology/queue-tag-reader.js';
import type { Delivery } from '../delivery.js';
import type { AttemptCounter } from './attempt-counter.js';

export interface SuspectsOptions {
  queueUrl: string;
  queueName: string;
  maxReceiveCount: number;
  visibilityTimeoutSeconds: number;
  attempts: Pick<AttemptCounter, 'unknownReceives'>;
  reader: Pick<QueueTagReader, 'tagsNow'>;
  tags: Pick<SqsControlPlane, 'tagQueue' | 'untagQueue'>;
  logger: Pick<LoggerService, 'warn'>;
  /** Of marks, in milliseconds since the epoch: they outlive this process. */
  wallNow?: () => number;
}

const KEY = 'nestjs-sns-sqs:started:';
/** AWS takes 50 tags on a queue, and others have some too. */
const MAX_MARKS = 20;
/** In milliseconds: no message is older. */
const STALE_MS = SQS_MAX_RETENTION_SECONDS * 1000;

/**
 * Tells a message that kills its process from one that was only handed out often. Where no store counts starts for all
 * processes, SQS's receive count is all that outlives a process, and it counts both alike. So a message that has been
 * received nearly as often as it may be tried, by processes that this one knows nothing of, is marked in the queue's
 * tags while its handler runs: a mark that is still there when the message comes again was left by a process that died.
 * Two calls for such a message, none for any other.
 */
export class Suspects {
  private readonly marked = new Set<string>();
  private isWarned = false;
  private readonly wallNow: () => number;

  constructor(private readonly options: SuspectsOptions) {
    this.wallNow = options.wallNow ?? Date.now;
  }

  /** Its process may have died so often that it must not be started without a mark. */
  isSuspect(delivery: Delivery): boolean {
    return this.options.attempts.unknownReceives(delivery) >= Math.max(1, this.options.maxReceiveCount - 1);
  }

  /** Before its handler: `'deadly'` where a process died with it, else it is marked. Never rejects. */
  async begin({ messageId }: Delivery): Promise<'run' | 'deadly'> {
    const { reader, tags, queueUrl, visibilityTimeoutSeconds } = this.options;
    const key = KEY + messageId;
    try {
      const marks = Object.entries(await reader.tagsNow()).filter(([name]) => name.startsWith(KEY));
      const mark = marks.find(([name]) => name === key);
      // A younger one may be of a process that lives and has the same message from a duplicate delivery. It is set some
      // time after the receive, and so it is younger than a lease when the message comes again.
      if (mark && this.ageMs(mark) >= visibilityTimeoutSeconds * 900) {
        this.marked.add(messageId);
        return 'deadly';
      }
      const stale = marks.filter(each => this.ageMs(each) > STALE_MS).map(([name]) => name);
      if (stale.length > 0) await tags.untagQueue(queueUrl, stale);
      if (this.besides(stale, marks) >= MAX_MARKS) return 'run';
      await tags.tagQueue(queueUrl, { [key]: new Date(this.wallNow()).toISOString() });
      this.marked.add(messageId);
    } catch (error) {
      this.warn(error);
    }
    return 'run';
  }

  /** It has come to an end, whatever that was. Never rejects. */
  async end(messageId: string): Promise<void> {
    if (!this.marked.delete(messageId)) return;
    const { tags, queueUrl } = this.options;
    await tags.untagQueue(queueUrl, [KEY + messageId]).catch((error: unknown) => this.warn(error));
  }

  /** Marks that are left, and those that this process has set since they were read. */
  private besides(stale: readonly string[], marks: ReadonlyArray<readonly [string, string]>): number {
    const names = new Set([...marks.map(([name]) => name), ...[...this.marked].map(messageId => KEY + messageId)]);
    return names.size - stale.length;
  }

  private ageMs([, value]: [string, string]): number {
    const at = Date.parse(value);
    return Number.isNaN(at) ? Infinity : this.wallNow() - at;
  }

  private warn(error: unknown): void {
    if (this.isWarned) return;
    this.isWarned = true;
    this.options.logger.warn(
      `${this.options.queueName}: the queue's tags cannot be read or written (${errorText(error)}), so a message that kills its process is recognised late. Remedy: allow sqs:ListQueueTags, sqs:TagQueue and sqs:UntagQueue, or use an inbox that all processes share.`,
    );
  }
}
