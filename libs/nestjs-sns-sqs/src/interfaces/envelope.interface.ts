/** What travels beside the data: CloudEvents' context attributes, and ours. */
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
}

/** A decoded message. */
export interface EventEnvelope<T = unknown> {
  metadata: EventMetadata;
  data: T;
}
