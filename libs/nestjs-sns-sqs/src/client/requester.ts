import { randomUUID } from 'node:crypto';
import { AWS_MAX_MESSAGE_ATTRIBUTES } from '../constants.js';
import { requestAttributes, type ReplyAddress } from '../envelope/reply.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { RecordIdFactory } from '../interfaces/options.interface.js';
import { invalidRecord } from '../record-builders/record-builder.js';
import { isRecord, PublishRecord } from '../record-builders/record.js';
import type { ReplyCallback } from './pending-request.js';
import type { Publisher } from './publisher.js';
import type { ReplyQueue } from './reply-queue.js';

export interface RequesterOptions {
  publisher: Publisher;
  replies: ReplyQueue;
  /** The commanded queue needs a message group. */
  fifo: boolean;
  groupId: RecordIdFactory | undefined;
  replyTimeoutMs: number | undefined;
}

/** A client's `send()`: a command with the address of its reply, and the replies to it. */
export class Requester {
  constructor(private readonly options: RequesterOptions) {}

  /** Sends one request, and gives the callback its replies. The function that it returns ends the wait for them. */
  request(type: string, input: unknown, callback: ReplyCallback): () => void {
    const { replies } = this.options;
    const timeoutMs = (isRecord(input) ? input.options.replyTimeoutMs : undefined) ?? this.options.replyTimeoutMs;
    const expiresAt = timeoutMs === undefined ? undefined : Date.now() + timeoutMs;
    let timer: NodeJS.Timeout | undefined;
    let isGivenUp = false;
    const { correlationId, forget } = replies.expect(packet => {
      clearTimeout(timer);
      callback(packet);
    });
    const giveUp = (): void => {
      isGivenUp = true;
      clearTimeout(timer);
      forget();
    };
    const fail = (err: unknown): void => {
      if (isGivenUp) return;
      giveUp();
      callback({ err });
    };
    if (timeoutMs !== undefined) timer = setTimeout(() => fail(timeoutError(type, timeoutMs)), timeoutMs);
    const send = async (): Promise<void> => {
      const queueUrl = await replies.open();
      const address = { queueUrl, correlationId, ...(expiresAt !== undefined && { expiresAt }) };
      if (!isGivenUp) await this.options.publisher.publish(type, this.addressed(type, input, address));
    };
    send().catch(fail);
    return giveUp;
  }

  /** Requests are not ordered unless their group says so: each gets a group of its own. */
  private addressed(type: string, input: unknown, address: ReplyAddress): PublishRecord {
    const { data, options } = isRecord(input) ? input : { data: input, options: {} };
    const attributes = { ...options.attributes, ...requestAttributes(address) };
    if (Object.keys(attributes).length >= AWS_MAX_MESSAGE_ATTRIBUTES) {
      throw invalidRecord(
        `a request's record has ${Object.keys(options.attributes ?? {}).length} attributes: AWS takes ten, and \`type\` and the reply's address are four`,
        'put them into the data',
      );
    }
    const { fifo, groupId } = this.options;
    const needsGroup = fifo && options.groupId === undefined && groupId?.(type, data) === undefined;
    return new PublishRecord(data, { ...options, attributes, ...(needsGroup && { groupId: randomUUID() }) });
  }
}

const timeoutError = (type: string, ms: number): SnsSqsError =>
  new SnsSqsError(
    'REPLY_TIMEOUT',
    `No reply to ${JSON.stringify(type)} within replyTimeoutMs (${ms} ms). Remedy: look whether the service runs and keeps up, or wait longer.`,
    { retryable: true, facts: { type, replyTimeoutMs: ms } },
  );
