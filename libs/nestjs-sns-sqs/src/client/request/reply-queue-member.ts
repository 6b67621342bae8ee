import type { LoggerService } from '@nestjs/common';
import type { ClientSQSOptions } from '../../interfaces/client-options.interface.js';
import { accessSqs } from '../../wire/aws-access.js';
import { SdkReplyQueuePlane } from '../../wire/sdk-reply-queue-plane.js';
import { failEach, PendingRequest, type ReplyCallback } from './pending-request.js';
import { closedError, ReplyQueue } from './reply-queue.js';

export interface ReplyQueueMemberOptions {
  prefix: string;
  /** The calling service; asked at the first request. */
  caller: () => string;
  access: Pick<ClientSQSOptions, 'aws' | 'sqs' | 'wire' | 'deserializer'>;
  logger: Pick<LoggerService, 'warn' | 'error'>;
}

interface Shared {
  queue: ReplyQueue;
  members: number;
  destroy: () => void;
}

/** Stands for what the SDK finds by itself. */
const DEFAULT_ACCESS = {};
/** The reply queues of this process: by access to AWS, then by prefix, wire and caller. */
const queues = new WeakMap<object, Map<string, Shared>>();

/**
 * One client's part in the reply queue of its process, which it shares with the clients of the same `aws` (or `sqs`)
 * object, prefix and caller (docs/adr/0010).
 */
export class ReplyQueueMember {
  private shared: Shared | undefined;
  private key = '';
  private readonly waiting = new Set<PendingRequest>();
  private closing: Promise<void> | undefined;

  constructor(private readonly options: ReplyQueueMemberOptions) {}

  /** Resolves to the queue's URL; makes it if it is not there. A failure is not remembered. */
  open(): Promise<string> {
    return this.closing ? Promise.reject(closedError()) : this.join().queue.open();
  }

  /** Gives the callback each reply of one request in turn, and one error if the client closes before the last. */
  expect(callback: ReplyCallback): { correlationId: string; forget: () => void } {
    // Its publisher refuses it: nothing will come, and nobody would leave the queue again.
    if (this.closing) return { correlationId: '', forget: () => undefined };
    const request = new PendingRequest(callback, this.options.access.deserializer);
    this.waiting.add(request);
    const { correlationId, forget } = this.join().queue.expect(request);
    return {
      correlationId,
      forget: () => {
        this.waiting.delete(request);
        forget();
      },
    };
  }

  /** Ends what this client waits for with CLIENT_CLOSED; the last one deletes the queue. Never rejects. */
  close(): Promise<void> {
    this.closing ??= this.leave();
    return this.closing;
  }

  private async leave(): Promise<void> {
    failEach(this.waiting, closedError(), this.options.logger);
    const { shared } = this;
    if (!shared) return;
    shared.members -= 1;
    if (shared.members > 0) return;
    // One that asks from now on gets a queue of its own.
    this.ofAccess().delete(this.key);
    await shared.queue.close();
    shared.destroy();
  }

  private join(): Shared {
    if (this.shared) return this.shared;
    const { prefix, caller, access } = this.options;
    const name = caller();
    this.key = `${prefix} ${access.wire ?? ''} ${name}`;
    const shared = this.ofAccess().get(this.key) ?? this.make(name);
    shared.members += 1;
    this.ofAccess().set(this.key, shared);
    this.shared = shared;
    return shared;
  }

  private make(caller: string): Shared {
    const { prefix, logger, access } = this.options;
    // It outlives the client that comes first.
    const aws = accessSqs(access);
    const plane = new SdkReplyQueuePlane(aws.client);
    const queue = new ReplyQueue({ prefix, caller, wire: aws.wire, plane, logger });
    return { queue, members: 0, destroy: () => aws.destroy() };
  }

  private ofAccess(): Map<string, Shared> {
    const { sqs, aws } = this.options.access;
    const way = sqs ?? aws ?? DEFAULT_ACCESS;
    const ofAccess = queues.get(way) ?? new Map<string, Shared>();
    queues.set(way, ofAccess);
    return ofAccess;
  }
}
