import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import type { SqsMessage } from '../../interfaces/wire.interface.js';
import { printable } from '../../logging/printable.js';
import type { Delivery } from '../delivery.js';
import { unknownTypeWaitSeconds, type RetryRules, type Settlement } from '../settle/retry-policy.js';
import type { AttemptCounter } from './attempt-counter.js';
import type { HandlerRegistry } from './handler-registry.js';
import type { MessageDecoder } from './message-decoder.js';

export interface UnknownTypesOptions {
  queueName: string;
  handlers: Pick<HandlerRegistry, 'find' | 'isLooselyFiltered'>;
  decode: MessageDecoder;
  rules: Pick<RetryRules, 'unknownTypeGraceSeconds'>;
  attempts: AttemptCounter;
  /** What any version of the service has ever wanted of this queue. @default nothing is known of others */
  recordedTypes?: { isWanted(type: string, receivedAt: number): Promise<boolean> } | undefined;
  /** A request's caller waits, and is told at once. @default no message is one */
  isRequest?: ((message: SqsMessage) => boolean) | undefined;
}

/** Undefined: a handler takes it, or its body cannot be read, which the dispatcher tells. */
export type UnknownTypeDecision =
  undefined | Settlement | /** Its grace is over. */ { kind: 'failed'; error: SnsSqsError };

export type UnknownTypeVerdict =
  | UnknownTypeDecision
  /** SNS filters loosely here: somebody has to be asked whether any version wants it. */
  | { kind: 'undecided'; isWanted: Promise<boolean> };

const UNWANTED: Settlement = { kind: 'delete', skipped: 'unwanted' };

/**
 * What becomes of a message whose type this version has no handler for. Another version that runs beside this one may
 * have one, so the message goes back until its grace is over.
 */
export class UnknownTypes {
  constructor(private readonly options: UnknownTypesOptions) {}

  /** Not asynchronous where the body is decoded at once, as it is without a deserializer of the user's. */
  verdictOn(delivery: Delivery): UnknownTypeVerdict | Promise<UnknownTypeVerdict> {
    const { decode, isRequest } = this.options;
    if (isRequest?.(delivery.message)) return undefined;
    const envelope = delivery.decode(decode);
    if (envelope instanceof Promise) {
      return envelope.then(
        ({ metadata }) => this.verdictOnType(delivery, metadata.type),
        () => undefined,
      );
    }
    return this.verdictOnType(delivery, envelope.metadata.type);
  }

  /** It waits for another version, as long as its grace lasts. */
  wait(delivery: Delivery): NonNullable<UnknownTypeDecision> {
    const { attempts, rules, queueName } = this.options;
    const waitedMs = attempts.unknownTypeMs(delivery.messageId);
    if (waitedMs < rules.unknownTypeGraceSeconds * 1000) {
      return { kind: 'wait', why: 'unknown-type', seconds: unknownTypeWaitSeconds(waitedMs) };
    }
    return { kind: 'failed', error: noHandler(queueName, delivery.envelope?.metadata.type ?? '') };
  }

  private verdictOnType(delivery: Delivery, type: string): UnknownTypeVerdict {
    const { handlers, queueName, recordedTypes } = this.options;
    if (handlers.find(queueName, type)) return undefined;
    if (!handlers.isLooselyFiltered(queueName)) return this.wait(delivery);
    if (!recordedTypes) return UNWANTED;
    return { kind: 'undecided', isWanted: recordedTypes.isWanted(type, delivery.receivedAt) };
  }
}

export const noHandler = (queue: string, type: string): SnsSqsError =>
  new SnsSqsError(
    'NO_HANDLER',
    `No handler of ${queue} takes the type ${JSON.stringify(printable(type).slice(0, 200))}`,
    { facts: { queue } },
  );
