/** Makes messages of one queue visible at once; resolves to whether all are. Must not throw or reject. */
export type Wake = (receiptHandles: readonly string[]) => Promise<boolean>;

/** `@<queue> <receipt handle>`: neither a queue's name nor a receipt handle has one of the two characters. */
const NAMED = /^@([^ ]+) (.+)$/s;

/**
 * Who makes messages visible, by queue. The queues that a use case has had under its names share one waiting room, but a
 * receipt handle serves on its own queue only. So the room notes each handle with its queue's name. Those of the queue
 * that the room is named by stand alone: a version that knows this one name only writes and reads them so.
 */
export class Wakers {
  private readonly byQueue = new Map<string, Wake>();

  /** @param namespace the first name of the use case's queue */
  constructor(private readonly namespace: string) {}

  set(queue: string, wake: Wake): void {
    this.byQueue.set(queue, wake);
  }

  has(queue: string): boolean {
    return this.byQueue.has(queue);
  }

  /** A handle as the room notes it. */
  noted(queue: string, receiptHandle: string): string {
    return queue === this.namespace ? receiptHandle : `@${queue} ${receiptHandle}`;
  }

  /**
   * Those of a queue that this process does not consume come when their delays end. Resolves to whether all are visible.
   * Never rejects.
   */
  async wake(noted: readonly string[]): Promise<boolean> {
    const handles = new Map<string, string[]>();
    for (const each of noted) {
      const [, queue = this.namespace, handle = each] = NAMED.exec(each) ?? [];
      handles.set(queue, [...(handles.get(queue) ?? []), handle]);
    }
    const waking = [...handles].map(([queue, ofQueue]) => this.byQueue.get(queue)?.(ofQueue) ?? Promise.resolve(false));
    return !(await Promise.all(waking)).includes(false);
  }
}
