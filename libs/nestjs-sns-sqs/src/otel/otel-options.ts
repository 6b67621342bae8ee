import type { TracerProvider } from '@opentelemetry/api';
import { checkOptions } from '../options/check-options.js';
import { z } from '../options/schema.js';

/** Options of `otel()` and of `SnsSqsInstrumentation`. */
export interface OtelOptions {
  /**
   * How the span that handles a message is joined to the span that emitted it. `'link'`: a trace of its own, with a
   * link; `'parent'`: the same trace; `'both'`: the same trace, and a link. @default 'link'
   */
  relation?: 'link' | 'parent' | 'both' | undefined;
  /** True: a span for each receive that gave messages. @default false */
  receiveSpans?: boolean | undefined;
  /**
   * True: events that are sent to a queue carry X-Ray's header in the system attribute `AWSTraceHeader`. SNS takes none
   * with `PublishBatch`. @default false
   */
  awsTraceHeader?: boolean | undefined;
  /** Keys of OpenTelemetry's baggage that travel with an event. Every consumer can read these values. @default [] */
  baggage?: readonly string[] | undefined;
  /** @default the global one */
  tracerProvider?: TracerProvider | undefined;
}

export type ResolvedOtelOptions = Required<Omit<OtelOptions, 'tracerProvider'>> & Pick<OtelOptions, 'tracerProvider'>;

const schema = z.strictObject({
  relation: z.enum(['link', 'parent', 'both']).optional(),
  receiveSpans: z.boolean().optional(),
  awsTraceHeader: z.boolean().optional(),
  baggage: z.array(z.string().min(1).max(256)).optional(),
  tracerProvider: z
    .custom(
      value => typeof (value as { getTracer?: unknown } | null | undefined)?.getTracer === 'function',
      'expected an object with a method getTracer()',
    )
    .optional(),
});

/** Throws one INVALID_OPTIONS with every problem. */
export function resolveOtelOptions(of: string, options: OtelOptions): ResolvedOtelOptions {
  checkOptions(of, schema, options);
  const { relation = 'link', receiveSpans = false, awsTraceHeader = false, baggage = [], tracerProvider } = options;
  return { relation, receiveSpans, awsTraceHeader, baggage, ...(tracerProvider && { tracerProvider }) };
}
