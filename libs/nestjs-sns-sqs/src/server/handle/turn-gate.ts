import { silenced } from '../../events/user-code.js';
import { ownKey } from '../../inbox/inbox-key.js';
import type { EventEnvelope } from '../../interfaces/envelope.interface.js';
import type { MaybePromise } from '../../interfaces/inbox-store.interface.js';
import type { RateLimitOptions } from '../../interfaces/steering-options.interface.js';
import type { Delivery } from '../delivery.js';
import type { Settlement } from '../settle/retry-policy.js';
import type { Turns } from '../steer/key-turns.js';
import type { MessageDecoder } from './message-decoder.js';

export interface TurnGateOptions {
  decode: MessageDecoder;
  keyOf: NonNullable<RateLimitOptions['key']>;
  turns: Turns;
}

/**
 * The longest time that a message is put off at once, in seconds: so a limit that was raised counts after an hour, and
 * the longest time in a queue (14 days) is a third of the receives that SQS allows.
 */
const LONGEST_SECONDS = 3_600;
/** Where the store of the limits does not answer. */
const UNAVAILABLE_SECONDS = 5;

/** Before the handler, where each key of a queue has a rate limit: lets a message in, or puts it off until its turn. */
export class TurnGate {
  constructor(private readonly options: TurnGateOptions) {}

  /** Undefined: it may run. Never throws or rejects. */
  enter(delivery: Delivery): MaybePromise<(Settlement & { kind: 'wait' }) | undefined> {
    const decoded = delivery.decode(this.options.decode);
    if (!(decoded instanceof Promise)) return this.ask(delivery, decoded);
    return decoded.then(
      envelope => this.ask(delivery, envelope),
      // The dispatcher comes to the same end, and says why.
      () => undefined,
    );
  }

  private ask(delivery: Delivery, envelope: EventEnvelope): MaybePromise<(Settlement & { kind: 'wait' }) | undefined> {
    const key = this.keyOf(envelope);
    if (key === undefined) return undefined;
    // What has been received before was put off, or has failed: it is not made to wait behind what is new.
    const turn = this.options.turns.takeTurn(ownKey(key), delivery.receiveCount > 1);
    return turn instanceof Promise ? turn.then(settlementOf) : settlementOf(turn);
  }

  /** The user's own function. Messages of which it says nothing that can be used share one limit, and none is lost. */
  private keyOf({ metadata, data }: EventEnvelope): string | undefined {
    try {
      const key: unknown = silenced<unknown>(this.options.keyOf(metadata, data));
      return key === undefined || typeof key === 'string' ? key : '';
    } catch {
      return '';
    }
  }
}

function settlementOf(turn: number | 'unavailable'): (Settlement & { kind: 'wait' }) | undefined {
  if (turn === 0) return undefined;
  if (turn === 'unavailable') return { kind: 'wait', why: 'unavailable', seconds: UNAVAILABLE_SECONDS };
  return { kind: 'wait', why: 'rate-limit', seconds: Math.min(LONGEST_SECONDS, Math.max(1, Math.ceil(turn / 1000))) };
}
