import type { PublishOperation, TraceCarrier } from '../../interfaces/telemetry.interface.js';
import type { Destination, OutgoingEvent } from './outgoing-event.js';

export const kindOf = ({ filters = false }: Destination): 'topic' | 'queue' => (filters ? 'topic' : 'queue');

/** The facts of a publish, for a tracer. */
export const publishOperation = (
  destination: Destination,
  { metadata, data }: OutgoingEvent,
  isRequest: boolean,
): PublishOperation => ({
  destination: destination.name,
  kind: kindOf(destination),
  isRequest,
  metadata,
  data,
  carrier: {},
});

/** Writes the trace context into an event; what its record says takes precedence. */
export function carry(event: OutgoingEvent, { traceparent, tracestate, baggage, awsTraceHeader }: TraceCarrier): void {
  const { metadata } = event;
  if (metadata.traceparent === undefined && traceparent !== undefined) {
    metadata.traceparent = traceparent;
    if (tracestate !== undefined) metadata.tracestate = tracestate;
  }
  if (metadata.baggage === undefined && baggage !== undefined) metadata.baggage = baggage;
  if (awsTraceHeader !== undefined) event.awsTraceHeader = awsTraceHeader;
}
