import { context, propagation, trace, type SpanContext } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
  type ReadableSpan,
  type Sampler,
} from '@opentelemetry/sdk-trace';
import { waitFor } from './wait-for.js';

/** An OpenTelemetry SDK of one test file: what was traced, in memory. */
export class Spans {
  private readonly exporter = new InMemorySpanExporter();
  private readonly contexts = new AsyncLocalStorageContextManager();
  readonly provider: TracerProvider;

  constructor(sampler?: Sampler) {
    this.provider = new TracerProvider({
      spanProcessors: [new SimpleSpanProcessor({ exporter: this.exporter })],
      ...(sampler && { sampler }),
    });
  }

  register(): void {
    context.setGlobalContextManager(this.contexts.enable());
    trace.setGlobalTracerProvider(this.provider);
  }

  unregister(): void {
    trace.disable();
    context.disable();
    propagation.disable();
  }

  clear(): void {
    this.exporter.reset();
  }

  all(name?: string): ReadableSpan[] {
    return this.exporter.getFinishedSpans().filter(span => name === undefined || span.name === name);
  }

  /** Resolves to the spans of this name, once there are so many. */
  async until(name: string, count = 1): Promise<ReadableSpan[]> {
    await waitFor(`${count} spans ${name}`, () => this.all(name).length >= count);
    return this.all(name);
  }

  /** Runs within a span, as an HTTP request does. */
  async within<R>(name: string, work: () => Promise<R>): Promise<R> {
    const span = this.provider.getTracer('test').startSpan(name);
    try {
      return await context.with(trace.setSpan(context.active(), span), work);
    } finally {
      span.end();
    }
  }
}

export const idOf = (span: ReadableSpan | undefined): string => span?.spanContext().spanId ?? '';
export const traceOf = (span: ReadableSpan | undefined): string => span?.spanContext().traceId ?? '';
export const parentOf = (span: ReadableSpan | undefined): string | undefined => span?.parentSpanContext?.spanId;
export const linkedTo = (span: ReadableSpan | undefined): string[] =>
  (span?.links ?? []).map(({ context: linked }: { context: SpanContext }) => linked.spanId).sort();
