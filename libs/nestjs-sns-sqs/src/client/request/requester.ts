import { AWS_MAX_MESSAGE_ATTRIBUTES } from '../../constants.js';
import { REQUEST_ATTRIBUTES, requestAttributes } from '../../envelope/reply.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import type { MessageAttributes } from '../../interfaces/wire.interface.js';
import { invalidRecord } from '../../record-builders/record-builder.js';
import { isRecord } from '../../record-builders/record.js';
import type { ReplyCallback } from './pending-request.js';
import type { PublishOperation } from '../../interfaces/telemetry.interface.js';
import type { Trace } from '../../interfaces/trace.interface.js';
import type { Publisher } from '../publish/publisher.js';
import type { ReplyQueueMember } from './reply-queue-member.js';

export interface RequesterOptions {
  publisher: Pick<Publisher, 'publish'>;
  replies: Pick<ReplyQueueMember, 'open' | 'expect'>;
  replyTimeoutMs: number | undefined;
}

/** Keeps a request from the wire whose caller has its error already; those behind it in its group go on. */
const GIVEN_UP = new Error('given up before it was sent');

interface TracedRequest {
  trace: Trace;
  operation: PublishOperation;
}

/** The first error of a request is the one that is told. */
function endTrace({ trace, operation }: TracedRequest, error: unknown): void {
  if (error) operation.error ??= error;
  trace.end();
}

/** A client's `send()`: a command with the address of its reply, and the replies to it. */
export class Requester {
  constructor(private readonly options: RequesterOptions) {}

  /** Sends one request, and gives the callback its replies. The function that it returns ends the wait for them. */
  request(type: string, input: unknown, callback: ReplyCallback): () => void {
    const { replies, publisher } = this.options;
    const timeoutMs = (isRecord(input) ? input.options.replyTimeoutMs : undefined) ?? this.options.replyTimeoutMs;
    const expiresAt = timeoutMs === undefined ? undefined : Date.now() + timeoutMs;
    let timer: NodeJS.Timeout | undefined;
    let isGivenUp = false;
    let traced: TracedRequest | undefined;
    const { correlationId, forget } = replies.expect(packet => {
      clearTimeout(timer);
      if (traced && (packet.isDisposed === true || packet.err)) endTrace(traced, packet.err);
      callback(packet);
    });
    const giveUp = (): void => {
      isGivenUp = true;
      clearTimeout(timer);
      if (traced) endTrace(traced, undefined);
      forget();
    };
    const fail = (err: unknown): void => {
      if (isGivenUp) return;
      if (traced) endTrace(traced, err);
      giveUp();
      callback({ err });
    };
    if (timeoutMs !== undefined) timer = setTimeout(() => fail(timeoutError(type, timeoutMs)), timeoutMs);
    const address = async (): Promise<MessageAttributes> => {
      const queueUrl = isGivenUp ? undefined : await replies.open().catch(fail);
      if (queueUrl === undefined || isGivenUp) throw GIVEN_UP;
      return requestAttributes({ queueUrl, correlationId, ...(expiresAt !== undefined && { expiresAt }) });
    };
    const send = async (): Promise<void> => {
      assertHasRoom(input);
      await publisher.publish(type, input, {
        address,
        onTrace: (trace, operation) => (traced = { trace, operation }),
      });
    };
    send().catch(fail);
    return giveUp;
  }
}

/** Throws INVALID_RECORD where the address of the reply would be one attribute too many. */
function assertHasRoom(input: unknown): void {
  const own = isRecord(input) ? Object.keys(input.options.attributes ?? {}).length : 0;
  if (own + 1 + REQUEST_ATTRIBUTES <= AWS_MAX_MESSAGE_ATTRIBUTES) return;
  throw invalidRecord(
    `a request's record has ${own} attributes: AWS takes ten, and \`type\` and the reply's address are four`,
    'put them into the data',
  );
}

const timeoutError = (type: string, ms: number): SnsSqsError =>
  new SnsSqsError('REPLY_TIMEOUT', {
    problem: `No reply to ${JSON.stringify(type)} within replyTimeoutMs (${ms} ms)`,
    remedy: 'check whether the service runs and keeps up, or wait longer',
    retryable: true,
    facts: { type, replyTimeoutMs: ms },
  });
