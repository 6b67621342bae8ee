import { randomBytes, randomUUID } from 'node:crypto';
import type { LoggerService } from '@nestjs/common';
import { abortController } from '../../async/abort.js';
import { finishesWithin } from '../../async/finishes-within.js';
import { noteReplyQueue } from '../../async/own-requests.js';
import { AWS_BATCH_MAX_ENTRIES } from '../../constants.js';
import { replyOf, REPLY_QUEUE_MARK } from '../../envelope/reply.js';
import { errorText, fromAwsError, isQueueMissing } from '../../errors/aws-errors.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import type { ReplyQueuePlane } from '../../interfaces/reply-queue-plane.interface.js';
import type { SqsMessage, SqsWire } from '../../interfaces/wire.interface.js';
import { throughFaults } from '../../wire/through-faults.js';
import { publishSettings } from '../publish/publish-batcher.js';
import { failEach, subscriberThrew, type PendingRequest } from './pending-request.js';
import { REPLY_VISIBILITY_SECONDS, ReplyPoller } from './reply-poller.js';
import { aliveTags, RENEW_EVERY_MS, tagsOfReplyQueue } from './reply-queue-tags.js';

export interface ReplyQueueOptions {
  prefix: string;
  /** The calling service. */
  caller: string;
  wire: Pick<SqsWire, 'receive' | 'deleteBatch'>;
  plane: ReplyQueuePlane;
  logger: Pick<LoggerService, 'warn' | 'error'>;
}

/** Prefix (30), caller, mark (9) and random end (12) fit into AWS's 80 characters. */
const MAX_CALLER = 29;
/** One hour, in seconds: nobody waits longer for a reply that is there. */
const RETENTION_SECONDS = 3_600;

/** An app that closes while AWS is away does not wait longer for the delete, nor for all, in milliseconds. */
const DELETE_WITHIN_MS = 5_000;
const CLOSE_WITHIN_MS = 6_000;

/**
 * The queue that a process's replies come to: standard, nobody else's, made at the first request, deleted by
 * {@link close}. It is polled only while somebody waits for a reply.
 */
export class ReplyQueue {
  private readonly pending = new Map<string, PendingRequest>();
  private opening: Promise<string> | undefined;
  /** The latest one. */
  private name = '';
  private renewal: NodeJS.Timeout | undefined;
  private poller: ReplyPoller | undefined;
  private closing: Promise<void> | undefined;
  private readonly stopping = abortController();

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

  /** Gives a request its replies from now on. */
  expect(request: PendingRequest): { correlationId: string; forget: () => void } {
    const correlationId = randomUUID();
    this.pending.set(correlationId, request);
    this.poller?.wake();
    return { correlationId, forget: () => void this.pending.delete(correlationId) };
  }

  /** Deletes the queue; what waits gets CLIENT_CLOSED. Never rejects: what is left is the sweeper's. */
  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    this.failAll(closedError());
    this.stopping.abort();
    this.poller?.stop();
    if (!this.opening || (await finishesWithin(this.removeOpened(this.opening), CLOSE_WITHIN_MS))) return;
    clearInterval(this.renewal);
    this.options.logger.warn(
      `SQS has not answered within ${CLOSE_WITHIN_MS} ms of close(): the reply queue ${this.name} may be left behind`,
    );
  }

  private async removeOpened(opening: Promise<string>): Promise<void> {
    const url = await opening.catch(() => undefined);
    clearInterval(this.renewal);
    if (url !== undefined) await this.remove(url);
  }

  private async create(): Promise<string> {
    const { prefix, caller, plane, wire, logger } = this.options;
    const name = `${prefix}${caller.replace(/[^A-Za-z0-9_-]/g, '-').slice(0, MAX_CALLER)}${REPLY_QUEUE_MARK}${randomBytes(6).toString('hex')}`;
    noteReplyQueue(name);
    this.name = name;
    const attributes = {
      MessageRetentionPeriod: String(RETENTION_SECONDS),
      VisibilityTimeout: String(REPLY_VISIBILITY_SECONDS),
      SqsManagedSseEnabled: 'true',
    };
    const make = (): Promise<string> =>
      plane.create(name, attributes, tagsOfReplyQueue(caller, Date.now())).catch((error: unknown) => {
        throw fromAwsError(error, 'CreateQueue', name);
      });
    const url = await throughFaults(make, { ...publishSettings(), random: Math.random }, this.stopping.signal);
    const poller = new ReplyPoller({
      queueUrl: url,
      queueName: name,
      wire,
      wanted: () => Math.ceil(this.pending.size / AWS_BATCH_MAX_ENTRIES),
      onMessages: messages => this.take(url, messages),
      onGone: error => this.onGone(error),
      logger,
    });
    this.poller = poller;
    if (this.closing) poller.stop();
    try {
      await poller.untilReceivable();
    } catch (error) {
      // The next request makes another one; this one would be left to the sweeper.
      this.poller = undefined;
      await this.remove(url);
      throw error;
    }
    this.renewal = setInterval(() => void this.renew(url), RENEW_EVERY_MS).unref();
    return url;
  }

  /** A failure is made good by the next one: the tags are good for several. A missing queue is noticed before a request. */
  private async renew(url: string): Promise<void> {
    try {
      await this.options.plane.tag(url, aliveTags(Date.now()));
    } catch (error) {
      this.options.logger.warn(`the tags of the reply queue ${url} were not renewed: ${errorText(error)}`);
      const isCurrent = (await this.opening?.catch(() => undefined)) === url;
      if (isCurrent && isQueueMissing(error)) this.onGone(fromAwsError(error, 'TagQueue', url));
    }
  }

  private async remove(url: string): Promise<void> {
    await this.options.plane.delete(url, AbortSignal.timeout(DELETE_WITHIN_MS)).catch((error: unknown) => {
      if (isQueueMissing(error)) return;
      this.options.logger.warn(`the reply queue ${url} was not deleted: ${errorText(error)}`);
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
    failEach(all, error, this.options.logger);
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
    const request = reply && this.pending.get(reply.correlationId);
    if (!request) return;
    const packet = await request.read(message.Body ?? '');
    try {
      // Its caller may have given it up meanwhile.
      if (this.pending.has(reply.correlationId) && request.take(packet, reply.index)) {
        this.pending.delete(reply.correlationId);
      }
    } catch (error) {
      // A subscriber that throws must not keep the others from their replies, and is not waited for.
      this.pending.delete(reply.correlationId);
      this.options.logger.error(subscriberThrew(error));
    }
  }
}

export const closedError = (): SnsSqsError =>
  new SnsSqsError('CLIENT_CLOSED', {
    problem: 'The client was closed before the reply came',
    remedy: 'close it after the requests',
  });
