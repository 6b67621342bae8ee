import type { WritePacket } from '@nestjs/microservices';
import type { ReplyPacket } from '../envelope/reply.js';

/** Nest's callback of a request: items, then an end or an error. */
export type ReplyCallback = (packet: WritePacket) => void;

/** Puts the replies to one request into their order, each once: a standard queue keeps neither. */
export class PendingRequest {
  private expected = 0;
  private readonly early = new Map<number, ReplyPacket>();
  private isOver = false;

  constructor(private readonly callback: ReplyCallback) {}

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

  private give({ err, response, isDisposed = false }: ReplyPacket): void {
    this.isOver = isDisposed || Boolean(err);
    this.callback(this.isOver ? { err, response, isDisposed: true } : { response });
  }
}
