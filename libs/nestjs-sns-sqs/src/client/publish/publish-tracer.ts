import { beginTrace, isTraced, originsOf, traceCall } from '../../events/traced.js';
import type { PublishOperation, SendOperation, Telemetry } from '../../interfaces/telemetry.interface.js';
import type { Trace } from '../../interfaces/trace.interface.js';
import type { BatchResult, MessageAttributes, OutgoingSqsMessage } from '../../interfaces/wire.interface.js';
import type { Destination, OutgoingEvent } from './outgoing-event.js';
import { carry, kindOf, publishOperation } from './publish-operation.js';

/** A request that is published: the address of its replies is still to come. */
export interface PublishedRequest {
  /** Attributes of the address. The request keeps its place in its group meanwhile. May reject. */
  address: () => Promise<MessageAttributes>;
  /** Told how the request is traced, before it is sent. Whoever waits for the replies ends the trace. */
  onTrace: (trace: Trace, operation: PublishOperation) => void;
}

type Send = (target: string, entries: OutgoingSqsMessage[]) => Promise<BatchResult>;

/** Traces a client's events and its calls. Without a tracer each costs a look at some flags. */
export class PublishTracer {
  /** @param call the operation of AWS: `PublishBatch`, `SendMessageBatch` */
  constructor(
    private readonly destination: Destination,
    private readonly call: string,
    private readonly telemetry: Telemetry | undefined,
  ) {}

  get isOn(): boolean {
    return isTraced('publish', this.telemetry);
  }

  /** The trace of a draft ends with its writing: whoever sends it later continues it. */
  draft(event: OutgoingEvent): void {
    if (!this.isOn) return;
    const operation = publishOperation(this.destination, event, false);
    const trace = beginTrace('publish', this.telemetry, operation);
    event.origin = trace;
    trace.run(() => carry(event, operation.carrier));
    trace.end();
  }

  /** Resolves as `send` does, to the event's error. The trace context is in the event before anything is sent. */
  async publish(
    event: OutgoingEvent,
    request: PublishedRequest | undefined,
    send: () => Promise<unknown>,
  ): Promise<unknown> {
    const operation = publishOperation(this.destination, event, request !== undefined);
    const trace = beginTrace('publish', this.telemetry, operation);
    event.origin = trace;
    request?.onTrace(trace, operation);
    const sent = trace.run(() => {
      carry(event, operation.carrier);
      return send();
    });
    const error = await sent;
    if (error !== undefined) operation.error = error;
    if (!request || error !== undefined) trace.end();
    return error;
  }

  send(target: string, entries: OutgoingSqsMessage[], send: Send): Promise<BatchResult> {
    if (!isTraced('send', this.telemetry)) return send(target, entries);
    const operation: SendOperation = {
      destination: this.destination.name,
      kind: kindOf(this.destination),
      target,
      call: this.call,
      count: entries.length,
      origins: originsOf(entries),
    };
    const onAnswer = ({ failed }: BatchResult): void => void (operation.failed = failed);
    return traceCall('send', this.telemetry, operation, () => send(target, entries), onAnswer);
  }
}
