import { AWS_BATCH_MAX_ENTRIES } from '../constants.js';
import type { BatchFailure, SqsMessage } from '../interfaces/wire.interface.js';
import { asFailure, mayPass } from '../wire/batch-failure.js';
import { aws, type QueueFacts } from './dead-letter-queue.js';
import type { DeadLetterPlane } from './dead-letter-plane.js';

export interface TrayOptions {
  plane: DeadLetterPlane;
  queue: QueueFacts;
  /** How long a letter is hidden from others, in seconds. */
  leaseSeconds: number;
  /** Milliseconds that only go forward. */
  now: () => number;
}

interface Hold {
  handle: string;
  /** By our clock, counted from before the call. */
  leaseEndsAt: number;
}

export interface Received {
  message: SqsMessage & { MessageId: string };
  /** False: its lease had ended, and it came again. */
  isNew: boolean;
}

/** Tries of a call that SQS answers with a fault of its own. */
const TRIES = 3;

/** The letters that this process has received, and may delete. Everything that it still holds is given back at the end. */
export class LetterTray {
  private readonly holds = new Map<string, Hold>();

  constructor(private readonly options: TrayOptions) {}

  /** Letters that are held now. */
  get size(): number {
    return this.holds.size;
  }

  /** Hides up to ten letters from others. Rejects with an SnsSqsError. */
  async receive(waitTimeSeconds: number): Promise<Received[]> {
    const { plane, queue, leaseSeconds, now } = this.options;
    const leaseEndsAt = now() + leaseSeconds * 1_000;
    const messages = await aws('ReceiveMessage', queue.name, () =>
      plane.receive({
        queueUrl: queue.url,
        maxMessages: AWS_BATCH_MAX_ENTRIES,
        waitTimeSeconds,
        visibilityTimeoutSeconds: leaseSeconds,
      }),
    );
    return messages.flatMap(message => {
      const { MessageId: id, ReceiptHandle: handle } = message;
      if (id === undefined || handle === undefined) return [];
      const isNew = !this.holds.has(id);
      this.holds.set(id, { handle, leaseEndsAt });
      return [{ message: { ...message, MessageId: id }, isNew }];
    });
  }

  /**
   * Those of the letters that are surely hidden for long enough to send and delete them. Extends leases that are nearly
   * over. A letter whose lease cannot be extended is let go: it comes again, or somebody else has it.
   */
  async secure(ids: readonly string[]): Promise<Set<string>> {
    const { leaseSeconds, now } = this.options;
    const enough = now() + (leaseSeconds * 1_000) / 2;
    const isNear = (id: string): boolean => (this.holds.get(id)?.leaseEndsAt ?? 0) < enough;
    const near = ids.filter(isNear).filter(id => this.holds.has(id));
    const leaseEndsAt = now() + leaseSeconds * 1_000;
    const failures = await this.changeVisibility(near, leaseSeconds);
    for (const id of near) {
      const hold = this.holds.get(id);
      if (failures.has(id)) this.holds.delete(id);
      else if (hold) hold.leaseEndsAt = leaseEndsAt;
    }
    return new Set(ids.filter(id => this.holds.has(id)));
  }

  /** Resolves to the letters that SQS did not delete. Never rejects. */
  async delete(ids: readonly string[]): Promise<Map<string, BatchFailure>> {
    const { plane, queue } = this.options;
    const failures = await this.inBatches(ids, entries =>
      plane.deleteBatch(
        queue.url,
        entries.map(({ id, handle }) => ({ id, receiptHandle: handle })),
      ),
    );
    for (const id of ids) if (!failures.has(id)) this.holds.delete(id);
    return failures;
  }

  /**
   * Makes these letters visible again, all that are held by default. What SQS does not take becomes visible when its
   * lease ends. Never rejects.
   */
  async giveBack(ids: readonly string[] = [...this.holds.keys()]): Promise<void> {
    // Last ones first: on FIFO the head of a group is the last to be free.
    await this.changeVisibility([...ids].reverse(), 0);
    for (const id of ids) this.holds.delete(id);
  }

  private changeVisibility(ids: readonly string[], seconds: number): Promise<Map<string, BatchFailure>> {
    const { plane, queue } = this.options;
    return this.inBatches(ids, entries =>
      plane.changeVisibilityBatch(
        queue.url,
        entries.map(({ id, handle }) => ({ id, receiptHandle: handle, visibilityTimeoutSeconds: seconds })),
      ),
    );
  }

  private async inBatches(
    ids: readonly string[],
    call: (entries: Array<{ id: string; handle: string }>) => ReturnType<DeadLetterPlane['deleteBatch']>,
  ): Promise<Map<string, BatchFailure>> {
    const failures = new Map<string, BatchFailure>();
    const held = ids.flatMap(id => {
      const handle = this.holds.get(id)?.handle;
      return handle === undefined ? [] : [{ id, handle }];
    });
    for (let at = 0; at < held.length; at += AWS_BATCH_MAX_ENTRIES) {
      let rest = held.slice(at, at + AWS_BATCH_MAX_ENTRIES);
      for (let attempt = 1; rest.length > 0; attempt += 1) {
        const failed = await failuresOf(rest, call);
        for (const failure of failed) if (attempt >= TRIES || !mayPass(failure)) failures.set(failure.id, failure);
        rest = rest.filter(({ id }) => failed.some(failure => failure.id === id) && !failures.has(id));
      }
    }
    return failures;
  }
}

async function failuresOf<E extends { id: string }>(
  entries: E[],
  call: (entries: E[]) => ReturnType<DeadLetterPlane['deleteBatch']>,
): Promise<BatchFailure[]> {
  try {
    return (await call(entries)).failed;
  } catch (error) {
    return entries.map(({ id }) => ({ ...asFailure(error), id }));
  }
}
