import type { LoggerService } from '@nestjs/common';
import type { ProducerDeserializer, WritePacket } from '@nestjs/microservices';
import { SERIALIZER_TIMEOUT_MS } from '../../constants.js';
import { parseJson } from '../../envelope/parse-json.js';
import { asReplyPacket, type ReplyPacket } from '../../envelope/reply.js';
import { errorText } from '../../errors/aws-errors.js';
import { inTime } from '../../events/user-code.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';

/** Nest's callback of a request: items, then an end or an error. */
export type ReplyCallback = (packet: WritePacket) => void;

/** Puts the replies to one request into their order, each once: a standard queue keeps neither. */
export class PendingRequest {
  private expected = 0;
  private readonly early = new Map<number, ReplyPacket>();
  private isOver = false;

  constructor(
    private readonly callback: ReplyCallback,
    private readonly deserializer?: ProducerDeserializer,
  ) {}

  /** The packet of a reply's body; what cannot be read is an error that ends the request. */
  async read(body: string): Promise<ReplyPacket> {
    try {
      return asReplyPacket(this.deserializer ? await this.deserialize(this.deserializer, body) : parseJson(body));
    } catch (error) {
      const err = new SnsSqsError('UNPARSABLE_MESSAGE', `The reply cannot be read: ${errorText(error)}`, {
        cause: error,
      });
      return { err, isDisposed: true };
    }
  }

  /** One that never ends would keep the replies of others back. */
  private deserialize(deserializer: ProducerDeserializer, body: string): Promise<unknown> {
    const hung = (): Error => new Error(`the deserializer did not end within ${SERIALIZER_TIMEOUT_MS} ms`);
    return inTime<unknown>(deserializer.deserialize(body), SERIALIZER_TIMEOUT_MS, hung);
  }

  /** True: that was the last one. @param index undefined: a foreign service's, taken as it comes */
  take(packet: ReplyPacket, index = this.expected): boolean {
    if (this.isOver || index < this.expected) return this.isOver;
    this.early.set(index, packet);
    for (let next = this.early.get(this.expected); next; next = this.early.get(this.expected)) {
      this.early.delete(this.expected);
      this.expected += 1;
      this.give(next);
      if (this.isOver) return true;
    }
    return false;
  }

  fail(err: Error): void {
    if (this.isOver) return;
    this.isOver = true;
    this.callback({ err });
  }

  /** Throws what the callback throws, after the request has ended with it: its caller would wait for ever. */
  private give({ err, response, isDisposed = false }: ReplyPacket): void {
    this.isOver = isDisposed || Boolean(err);
    try {
      this.callback(this.isOver ? { err, response, isDisposed: true } : { response });
    } catch (thrown) {
      this.isOver = true;
      if (!err) this.callback({ err: thrown });
      throw thrown;
    }
  }
}

/** Each one, though the callbacks of others throw: `serializeError()` of a client is the user's. */
export function failEach(requests: Iterable<PendingRequest>, error: Error, logger: Pick<LoggerService, 'error'>): void {
  for (const request of requests) {
    try {
      request.fail(error);
    } catch (thrown) {
      logger.error(subscriberThrew(thrown));
    }
  }
}

export const subscriberThrew = (thrown: unknown): string => `a reply's subscriber threw: ${errorText(thrown)}`;
