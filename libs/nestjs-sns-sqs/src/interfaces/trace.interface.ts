/** An operation that a tracer has begun, here or in another process. */
export interface Trace {
  /** Runs `work` in the operation's context. */
  run<R>(work: () => R): R;
  /** The operation's facts are complete. Called once. */
  end(): void;
  /** W3C Trace Context of the operation. A dead letter carries it, so that its redrive finds the way back. */
  readonly traceparent?: string | undefined;
  /** W3C Trace Context around the operation; undefined: none. */
  readonly parent?: string | undefined;
  /** A span of the tracer; undefined for an operation of another process. */
  readonly inner?: Trace | undefined;
}
