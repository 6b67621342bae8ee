import type { FullName } from '../interfaces/names.interface.js';
import { QUEUE_TAGS } from '../topology/queue-tags.js';
import type { DeadLetterPlane } from './dead-letter-plane.js';

/** What the inbox's memory of each queue is named by: a queue that was renamed has that of its first name. Asked once for each. */
export class InboxMemories {
  private readonly names = new Map<FullName, Promise<FullName>>();

  constructor(private readonly plane: Pick<DeadLetterPlane, 'getQueueUrl' | 'listQueueTags'>) {}

  /** Never rejects: a queue whose tags cannot be read counts as one that was never renamed. */
  of(queue: FullName): Promise<FullName> {
    let name = this.names.get(queue);
    if (!name) {
      name = this.ask(queue).catch(() => queue);
      this.names.set(queue, name);
    }
    return name;
  }

  private async ask(queue: FullName): Promise<FullName> {
    const url = await this.plane.getQueueUrl(queue);
    const tags = url === undefined ? undefined : await this.plane.listQueueTags?.(url);
    return tags?.[QUEUE_TAGS.inbox] ?? queue;
  }
}
