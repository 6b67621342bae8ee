import type { LoggerService } from '@nestjs/common';
import type { Serializer } from '@nestjs/microservices';
import { SERIALIZER_TIMEOUT_MS, SQS_MAX_BYTES } from '../../constants.js';
import { toBody } from '../../envelope/encode.js';
import { messageBytes } from '../../envelope/message-size.js';
import { replyAddressOf, replyAttributes, replyRoute, type ReplyPacket } from '../../envelope/reply.js';
import { errorText, isQueueMissing } from '../../errors/aws-errors.js';
import { thrownName } from '../../errors/thrown.js';
import { inTime } from '../../events/user-code.js';
import { LineLimit } from '../../logging/line-limit.js';
import { printable, printableStack } from '../../logging/printable.js';
import type {
  BatchFailure,
  BatchResult,
  OutgoingSqsMessage,
  SqsMessage,
  SqsWire,
} from '../../interfaces/wire.interface.js';
import { BatchCaller } from '../../wire/batch-caller.js';
import { IncomingRequest } from './incoming-request.js';

export interface ReplierOptions {
  wire: Pick<SqsWire, 'sendBatch'>;
  /** Writes the packet of an answer; gives a string, or an object that is then written as JSON. */
  serializer?: Serializer | undefined;
  /** Accounts beside its own whose reply queues are written to. @default none */
  accounts?: readonly string[] | undefined;
  logger: Pick<LoggerService, 'warn' | 'error'>;
}

const serializerHung = (): Error => new Error(`The serializer did not end within ${SERIALIZER_TIMEOUT_MS} ms`);

type ReplyEntry = Omit<OutgoingSqsMessage, 'id'>;

/** Ten tries take about 12 s: a short outage of SQS should not cost a caller its answer. */
const BATCHING = { lingerMs: 5, eager: true, maxAttempts: 10, retryDelayMs: 100 };

/** Answers requests: sends each packet to its caller's reply queue. */
export class Replier {
  /** By reply queue's URL, as long as replies are under way to it. */
  private readonly callers = new Map<string, { caller: BatchCaller<ReplyEntry>; underWay: number }>();

  private readonly lines: LineLimit;

  constructor(private readonly options: ReplierOptions) {
    const { logger } = options;
    this.lines = new LineLimit((text, ...more) => logger.error(text, ...more));
  }

  /**
   * The request that a message is; undefined for one that nobody awaits an answer to.
   * @param ownUrl of the queue that it came from
   */
  requestOf(message: SqsMessage, ownUrl: string): IncomingRequest | undefined {
    const address = replyAddressOf(message);
    if (!address) return undefined;
    const route = replyRoute(ownUrl, address.queueUrl, this.options.accounts);
    if ('queueUrl' in route) return new IncomingRequest({ ...address, ...route }, this);
    this.options.logger.warn(
      `message ${message.MessageId ?? ''} asks for a reply to ${printable(address.queueUrl).slice(0, 200)}, ${route.refused}; it is handled without one`,
    );
    return undefined;
  }

  /** Resolves when SQS has the reply, or will not have it, which is logged: the caller's timeout ends its wait. */
  async send(queueUrl: string, correlationId: string, index: number, packet: ReplyPacket): Promise<void> {
    const entry = await this.entryOf(correlationId, index, packet);
    const failure = await this.add(queueUrl, entry);
    // A caller that has closed has deleted its queue, and waits no longer.
    if (!failure || isQueueMissing(failure)) return;
    const { code, message, cause } = failure;
    this.lines.tell(code, `a reply to ${queueUrl} was not sent: ${code}: ${message}`, printableStack(cause));
  }

  /** Says that a request was not run, and why. */
  note(text: string): void {
    this.options.logger.warn(text);
  }

  private async entryOf(correlationId: string, index: number, packet: ReplyPacket): Promise<ReplyEntry> {
    const attributes = replyAttributes(correlationId, index);
    try {
      const body = await this.bodyOf({ id: correlationId, ...packet });
      const bytes = messageBytes(body, attributes);
      if (bytes <= SQS_MAX_BYTES) return { body, attributes };
      throw new Error(`The reply has ${bytes} bytes, SQS takes ${SQS_MAX_BYTES}`);
    } catch (error) {
      this.options.logger.error(`a reply could not be written: ${errorText(error)}`);
      const err = { status: 'error', message: errorText(error) };
      return { body: JSON.stringify({ id: correlationId, err, isDisposed: true }), attributes };
    }
  }

  private async bodyOf(packet: ReplyPacket & { id: string }): Promise<string> {
    const { serializer } = this.options;
    const written: unknown = serializer
      ? await inTime(serializer.serialize(packet), SERIALIZER_TIMEOUT_MS, serializerHung)
      : packet;
    return toBody('the reply', written);
  }

  private async add(queueUrl: string, entry: ReplyEntry): Promise<BatchFailure | undefined> {
    const known = this.callers.get(queueUrl) ?? { caller: this.callerOf(queueUrl), underWay: 0 };
    this.callers.set(queueUrl, known);
    known.underWay += 1;
    const failure = await known.caller.add(entry);
    known.underWay -= 1;
    if (known.underWay === 0) this.callers.delete(queueUrl);
    return failure;
  }

  private callerOf(queueUrl: string): BatchCaller<ReplyEntry> {
    return new BatchCaller(
      entries => this.call(queueUrl, entries),
      { ...BATCHING, random: Math.random },
      { maxBytes: SQS_MAX_BYTES, bytesOf: ({ body, attributes }) => messageBytes(body, attributes) },
    );
  }

  /** A queue that is gone does not come back: its replies are given up at once, and hold up nothing. */
  private async call(queueUrl: string, entries: OutgoingSqsMessage[]): Promise<BatchResult> {
    try {
      return await this.options.wire.sendBatch(queueUrl, entries);
    } catch (error) {
      if (!isQueueMissing(error)) throw error;
      const failure = { code: thrownName(error), message: errorText(error), senderFault: true };
      return { successful: [], failed: entries.map(({ id }) => ({ id, ...failure })) };
    }
  }
}
