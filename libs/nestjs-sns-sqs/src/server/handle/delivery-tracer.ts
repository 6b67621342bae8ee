import { monotonicNow } from '../../async/clock.js';
import { outcomeOf } from '../../errors/handler-outcomes.js';
import { beginTrace, isTraced, type Operation } from '../../events/traced.js';
import type { EventMetadata } from '../../interfaces/envelope.interface.js';
import type { ProcessOperation, ProcessReason, Telemetry } from '../../interfaces/telemetry.interface.js';
import type { Delivery } from '../delivery.js';
import { DEAD_LETTER_ATTRIBUTES, deadLetterFacts } from '../settle/dead-letter.js';
import type { Settlement } from '../settle/retry-policy.js';
import type { HandlerRegistry } from './handler-registry.js';
import type { MessageDecoder } from './message-decoder.js';

export interface DeliveryTracerOptions {
  queue: { name: string; url: string; fifo: boolean };
  telemetry: Telemetry | undefined;
  handlers: Pick<HandlerRegistry, 'patternOf'>;
  decode: MessageDecoder;
  maxReceiveCount: number;
}

export type ProcessTrace = Operation<'process'>;

/** Tells tracers of each delivery, from its turn in its lane to the decision how it is settled. */
export class DeliveryTracer {
  constructor(private readonly options: DeliveryTracerOptions) {}

  get isOn(): boolean {
    return isTraced('process', this.options.telemetry);
  }

  /** Never throws and never rejects. A promise only where a deserializer gives one. */
  begin(delivery: Delivery): ProcessTrace | Promise<ProcessTrace> {
    const decoded = this.decode(delivery);
    return decoded instanceof Promise
      ? decoded.then(metadata => this.beginWith(delivery, metadata))
      : this.beginWith(delivery, decoded);
  }

  /** A body that cannot be read is told by its settlement. */
  private decode(delivery: Delivery): EventMetadata | undefined | Promise<EventMetadata | undefined> {
    const envelope = delivery.decode(this.options.decode);
    if (!(envelope instanceof Promise)) return envelope.metadata;
    return envelope.then(
      ({ metadata }) => metadata,
      () => undefined,
    );
  }

  private beginWith(delivery: Delivery, metadata: EventMetadata | undefined): ProcessTrace {
    const { queue, telemetry, handlers, maxReceiveCount } = this.options;
    const { message, sentAt, acceptedAt } = delivery;
    const now = monotonicNow();
    const time = metadata?.time;
    // The stamps of SQS and of the event are of the wall clock.
    const wallClock = Date.now();
    // All of it at once: an object to which a dozen fields are added one by one costs as much as the span.
    const operation: ProcessOperation = {
      queue: queue.name,
      queueUrl: queue.url,
      fifo: queue.fifo,
      message,
      metadata,
      pattern: metadata && handlers.patternOf(queue.name, metadata.type),
      queueTimeMs: sentAt === undefined ? undefined : Math.max(0, wallClock - sentAt),
      eventAgeMs: time === undefined ? undefined : Math.max(0, wallClock - Date.parse(time)),
      laneTimeMs: acceptedAt === undefined ? 0 : now - acceptedAt,
      attempt: undefined,
      maxReceiveCount,
      deadLetterTraceparent: letterTraceparent(delivery),
      outcome: undefined,
      reason: undefined,
      delaySeconds: undefined,
      durationMs: undefined,
      error: undefined,
    };
    delivery.trace = beginTrace('process', telemetry, operation, now);
    return delivery.trace;
  }
}

/** Tells how a delivery is settled, and ends its trace. */
export function endTrace(trace: ProcessTrace, attempt: number, settlement: Settlement): void {
  const operation = trace.facts;
  operation.attempt = attempt;
  operation.outcome = settlement.kind;
  operation.reason = reasonOf(settlement);
  if ('seconds' in settlement) operation.delaySeconds = settlement.seconds;
  if ('error' in settlement) operation.error = settlement.error;
  trace.end();
}

function reasonOf(settlement: Settlement): ProcessReason {
  switch (settlement.kind) {
    case 'delete':
      return settlement.skipped ?? 'handled';
    case 'wait':
      return settlement.why;
    case 'retry':
      return outcomeOf(settlement.error).kind === 'retry-later' ? 'retry-later' : 'failed';
    case 'dead-letter':
      return 'failed';
    default:
      return settlement satisfies never;
  }
}

/** Of a letter that was redriven: the attempt that made it one. */
function letterTraceparent({ message: { MessageAttributes } }: Delivery): string | undefined {
  if (!MessageAttributes) return undefined;
  const { traceparent, all } = DEAD_LETTER_ATTRIBUTES;
  const own = MessageAttributes[traceparent]?.StringValue;
  if (own !== undefined || !MessageAttributes[all]) return own;
  const inAll = deadLetterFacts(name => MessageAttributes[name]?.StringValue)[traceparent];
  return typeof inAll === 'string' ? inAll : undefined;
}
