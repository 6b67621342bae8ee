import { randomBytes, randomUUID } from 'node:crypto';
import type { LoggerService } from '@nestjs/common';
import type { ProducerDeserializer } from '@nestjs/microservices';
import { AWS_BATCH_MAX_ENTRIES } from '../constants.js';
import { parseJson } from '../envelope/parse-json.js';
import { asReplyPacket, REPLY_QUEUE_MARK, replyOf, type ReplyPacket } from '../envelope/reply.js';
import { errorText, fromAwsError } from '../errors/aws-errors.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { ReplyQueuePlane } from '../interfaces/reply-queue-plane.interface.js';
import type { SqsMessage, SqsWire } from '../interfaces/wire.interface.js';
import { PendingRequest, type ReplyCallback } from './pending-request.js';
import { REPLY_VISIBILITY_SECONDS, ReplyPoller } from './reply-poller.js';
import { aliveTags, RENEW_EVERY_MS, tagsOfReplyQueue } from './reply-queue-tags.js';

export interface ReplyQueueOptions {
  prefix: string;
  /** The calling service. */
  caller: string;
  wire: Pick<SqsWire, 'receive' | 'deleteBatch'>;
  plane: ReplyQueuePlane;
  deserializer?: ProducerDeserializer | undefined;
  logger: Pick<LoggerService, 'warn' | 'error'>;
}

/** Prefix (30), caller, mark (9) and random end (12) fit into AWS's 80 characters. */
const MAX_CALLER = 29;
/** One hour, in seconds: nobody waits longer for a reply that is there. */
const RETENTION_SECONDS = 3_600;

/**
 * The queue that one client's replies come to: standard, nobody else's, made at the first request, deleted by
 * {@link close}. It is polled only while somebody waits for a reply.
 */
export class ReplyQueue {
  private readonly pending = new Map<string, PendingRequest>();
  private opening: Promise<string> | undefined;
  private renewal: NodeJS.Timeout | undefined;
  private poller: ReplyPoller | undefined;
  private closing: Promise<void> | undefined;

  constructor(private readonly options: ReplyQueueOptions) {}

  /** Resolves to the URL once the queue is there and can be received from. A failure is not remembered. */
  open(): Promise<string> {
    if (this.closing) return Promise.reject(closedError());
    this.opening ??= this.create().catch((error: unknown) => {
      this.opening = undefined;
      throw error;
    });
    return this.opening;
  }

  /** Gives the callback each reply of one request in turn, and one error if the client closes before the last. */
  expect(callback: ReplyCallback): { correlationId: string; forget: () => void } {
    const correlationId = randomUUID();
    this.pending.set(correlationId, new PendingRequest(callback));
    this.poller?.wake();
    return { correlationId, forget: () => void this.pending.delete(correlationId) };
  }

  /** Ends what waits with CLIENT_CLOSED, and deletes the queue. Never rejects: what is left is the sweeper's. */
  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    this.failAll(closedError());
    clearInterval(this.renewal);
    const url = await this.opening?.catch(() => undefined);
    this.poller?.stop();
    if (url === undefined) return;
    await this.options.plane.delete(url).catch((error: unknown) => {
      if (isMissing(error)) return;
      this.options.logger.warn(`the reply queue ${url} was not deleted: ${errorText(error)}`);
    });
  }

  private async create(): Promise<string> {
    const { prefix, caller, plane, wire } = this.options;
    const name = `${prefix}${caller.replace(/[^A-Za-z0-9_-]/g, '-').slice(0, MAX_CALLER)}${REPLY_QUEUE_MARK}${randomBytes(6).toString('hex')}`;
    const attributes = {
      MessageRetentionPeriod: String(RETENTION_SECONDS),
      VisibilityTimeout: String(REPLY_VISIBILITY_SECONDS),
      SqsManagedSseEnabled: 'true',
    };
    let url: string;
    try {
      url = await plane.create(name, attributes, tagsOfReplyQueue(caller, Date.now()));
    } catch (error) {
      throw fromAwsError(error, 'CreateQueue', name);
    }
    const poller = new ReplyPoller({
      queueUrl: url,
      queueName: name,
      wire,
      wanted: () => Math.ceil(this.pending.size / AWS_BATCH_MAX_ENTRIES),
      onMessages: messages => this.take(url, messages),
      onGone: error => this.onGone(error),
      logger: this.options.logger,
    });
    await poller.untilThere();
    this.poller = poller;
    this.renewal = setInterval(() => void this.renew(url), RENEW_EVERY_MS).unref();
    poller.wake();
    return url;
  }

  /** A failure is made good by the next one: the tags are good for several. */
  private async renew(url: string): Promise<void> {
    await this.options.plane.tag(url, aliveTags(Date.now())).catch((error: unknown) => {
      this.options.logger.warn(`the tags of the reply queue ${url} were not renewed: ${errorText(error)}`);
    });
  }

  /** Somebody deleted the queue: the replies under way are lost, and the next request makes a new one. */
  private onGone(error: SnsSqsError): void {
    clearInterval(this.renewal);
    this.poller?.stop();
    this.opening = undefined;
    this.poller = undefined;
    this.failAll(error);
  }

  private failAll(error: SnsSqsError): void {
    const all = [...this.pending.values()];
    this.pending.clear();
    for (const request of all) request.fail(error);
  }

  private async take(url: string, messages: SqsMessage[]): Promise<void> {
    const entries = messages.map(({ ReceiptHandle = '' }, index) => ({
      id: String(index),
      receiptHandle: ReceiptHandle,
    }));
    // What is not deleted comes again, and is then a duplicate or nobody's.
    this.options.wire.deleteBatch(url, entries).catch(() => undefined);
    await Promise.all(messages.map(message => this.takeOne(message)));
  }

  private async takeOne(message: SqsMessage): Promise<void> {
    const reply = replyOf(message);
    if (!reply || !this.pending.has(reply.correlationId)) return;
    const packet = await this.read(message);
    const request = this.pending.get(reply.correlationId);
    try {
      if (request?.take(packet, reply.index)) this.pending.delete(reply.correlationId);
    } catch (error) {
      // A subscriber that throws must not keep the others from their replies.
      this.options.logger.error(`a reply's subscriber threw: ${errorText(error)}`);
    }
  }

  private async read({ Body = '' }: SqsMessage): Promise<ReplyPacket> {
    const { deserializer } = this.options;
    try {
      if (!deserializer) return asReplyPacket(parseJson(Body));
      return asReplyPacket(await deserializer.deserialize(Body));
    } catch (error) {
      const err = new SnsSqsError('UNPARSABLE_MESSAGE', `The reply cannot be read: ${errorText(error)}`, {
        cause: error,
      });
      return { err, isDisposed: true };
    }
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && /^(QueueDoesNotExist|AWS\.SimpleQueueService\.NonExistentQueue)$/.test(error.name);

const closedError = (): SnsSqsError =>
  new SnsSqsError('CLIENT_CLOSED', 'The client was closed before the reply came. Remedy: close it after the requests.');
