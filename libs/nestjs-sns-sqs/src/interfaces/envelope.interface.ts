/** The attributes beside the data: CloudEvents' context attributes, and ours. */
export interface EventMetadata {
  /** Unique per event; a retried publish keeps it. */
  id: string;
  /** The service that announced it. */
  source: string;
  /** The pattern, e.g. `user.registered`. */
  type: string;
  /** RFC 3339. */
  time?: string;
  /** The aggregate, usually its id. */
  subject?: string;
  /** Position of the event among those of its subject. */
  sequence?: string;
  correlationId?: string;
  causationId?: string;
  /** W3C trace context. */
  traceparent?: string;
  /** W3C trace context, vendors' part. */
  tracestate?: string;
  /** W3C baggage. */
  baggage?: string;
}

/**
 * The values that Nest's dispatch hook attached to a packet (`ClientProxy.setOnDispatchHook`, Nest 12.0.4 and newer),
 * e.g. a tenant or a locale. Of a name that {@link EventMetadata} has, the event's own attribute counts.
 */
export type PacketMetadata = Readonly<Record<string, string | undefined>>;

/** A decoded message. */
export interface EventEnvelope<T = unknown> {
  metadata: EventMetadata;
  data: T;
}
