/** An operation that a tracer has begun. */
export interface Trace {
  /** Runs `work` in the operation's context. */
  run<R>(work: () => R): R;
  /** The operation's facts are complete. Called once. */
  end(): void;
  /** W3C Trace Context of the operation. A dead letter carries it, so that its redrive finds the way back. */
  readonly traceparent?: string | undefined;
  /** What the tracer itself has begun. */
  readonly inner?: Trace | undefined;
}
