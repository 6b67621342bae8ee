import { types } from 'node:util';
import { from, isObservable, type Observable } from 'rxjs';
import type { ReplyAddress, ReplyPacket } from '../../envelope/reply.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { isError, isInstance, thrownText } from '../../errors/thrown.js';
import { outcomeOf } from '../../errors/handler-outcomes.js';
import { HeldBackError } from '../held-back.js';
import { overdueMs, type RequestClocks } from './request-deadline.js';

/** Sends one packet of an answer; never rejects. */
export interface ReplySender {
  send(queueUrl: string, correlationId: string, index: number, packet: ReplyPacket): Promise<void>;
  note(text: string): void;
}

/** As Nest's transports word it. */
const NO_MESSAGE_HANDLER = 'There is no matching message handler defined in the remote service.';

/**
 * One request and its answer: items, then the completion or an error, as Nest's packets. They are numbered, since
 * a standard queue keeps no order.
 */
export class IncomingRequest {
  private index = 0;
  private held: ReplyPacket | undefined;
  private isOver = false;
  private readonly sent: Array<Promise<void>> = [];

  constructor(
    readonly address: ReplyAddress,
    private readonly sender: ReplySender,
  ) {}

  /** True, and noted: the caller has given up, and the request need not run. @param clocks asked where the caller does not wait for ever */
  hasExpired(what: string, clocks: () => RequestClocks): boolean {
    const { expiresAt } = this.address;
    const ms = expiresAt === undefined ? -1 : overdueMs(expiresAt, clocks());
    if (ms < 0) return false;
    this.sender.note(`${what} is not run: its caller gave up ${ms} ms ago`);
    return true;
  }

  /**
   * Runs a handler to the end of its value, promise or observable, and resolves when all of the answer is sent. What it
   * throws is part of the answer. Rejects with the signal's reason when the work was cut off, and with HeldBackError when
   * it may not begin any more.
   */
  async answer(run: () => unknown, signal: AbortSignal): Promise<void> {
    try {
      const result: unknown = await run();
      if (isObservable(result)) await this.forward(result, signal);
      // A handler that is a generator does nothing until somebody asks for its values.
      else if (types.isGeneratorObject(result)) await this.forward(from(result), signal);
      else this.next(result);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (isInstance(error, HeldBackError)) throw error;
      // Not the handler's own: its answer does not fit its contract.
      if (isInstance(error, SnsSqsError)) this.sender.note(error.message);
      return this.refuse(error);
    }
    return this.end({ isDisposed: true });
  }

  /** Answers with an error as the caller is to get it. */
  refuse(error: unknown): Promise<void> {
    return this.end({ err: payloadOf(error), isDisposed: true });
  }

  private forward(items: Observable<unknown>, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const cutOff = (): void => {
        subscription.unsubscribe();
        reject(signal.reason as Error);
      };
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const subscription = items.subscribe({
        next: item => this.next(item),
        error: reject,
        complete: resolve,
      });
      subscription.add(() => signal.removeEventListener('abort', cutOff));
      if (signal.aborted) cutOff();
      else signal.addEventListener('abort', cutOff, { once: true });
    });
  }

  /** Held back for a moment: the completion that follows at once travels with the last item, as in Nest's transports. */
  private next(response: unknown): void {
    if (this.isOver) return;
    this.release();
    const packet: ReplyPacket = { response, isDisposed: false };
    this.held = packet;
    setImmediate(() => {
      if (this.held === packet) this.release();
    });
  }

  private async end(last: ReplyPacket): Promise<void> {
    if (!this.isOver) {
      this.isOver = true;
      // An error takes its item's place as little as it does in a stream.
      if (this.held && !('err' in last)) Object.assign(this.held, last);
      else {
        this.release();
        this.held = last;
      }
      this.release();
    }
    await Promise.all(this.sent);
  }

  private release(): void {
    const packet = this.held;
    this.held = undefined;
    if (!packet) return;
    const { queueUrl, correlationId } = this.address;
    this.sent.push(this.sender.send(queueUrl, correlationId, this.index, packet));
    this.index += 1;
  }
}

/**
 * What the filters made of an error is the caller's, as it is; an error that JSON would make `{}` of keeps its message.
 * What is no truth in JavaScript would tell the caller that its request went well. Never throws.
 */
function payloadOf(error: unknown): unknown {
  if (error && !isError(error)) return error;
  const isOurs = outcomeOf(error).kind !== 'failed' || isInstance(error, SnsSqsError);
  return !error || isOurs || hasNoKeys(error) ? { status: 'error', message: thrownText(error) } : error;
}

function hasNoKeys(error: object): boolean {
  try {
    return Object.keys(error).length === 0;
  } catch {
    return true;
  }
}

/**
 * What the caller gets when its request could not be handled, or not to the end; undefined: it gets nothing yet, since
 * the request comes again. `isDone` is false for what also belongs into the dead letter queue.
 */
export function refusalOf(error: unknown): { err: unknown; isDone: boolean } | undefined {
  if (!isInstance(error, SnsSqsError)) return undefined;
  const err = { status: 'error', message: error.message };
  switch (error.code) {
    case 'NO_HANDLER':
      return { err: NO_MESSAGE_HANDLER, isDone: true };
    case 'CONTRACT_VIOLATION':
    case 'HANDLER_TIMEOUT':
      return { err, isDone: true };
    case 'UNPARSABLE_MESSAGE':
      return { err, isDone: false };
    default:
      return undefined;
  }
}
