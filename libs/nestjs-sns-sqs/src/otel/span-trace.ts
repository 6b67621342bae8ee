import {
  context,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
  type SpanContext,
} from '@opentelemetry/api';
import type { Trace } from '../interfaces/trace.interface.js';
import { thrownName, thrownText, isError, peek } from '../errors/thrown.js';
import { printable } from '../logging/printable.js';
import { ATTRIBUTES } from './names.js';
import { traceparentOf } from './trace-context.js';

/** A span under way. Once it has ended nothing of it is kept but its name: its message lives on until it is deleted. */
export class SpanTrace implements Trace {
  readonly context: SpanContext;
  private span: Span | undefined;
  private within: Context | undefined;

  /**
   * @param within the context of what the operation does
   * @param finish sets what is known at the end only; gives the error that the span tells, undefined: none
   * @param begunIn the span in whose context it was begun
   * @param callsIn the span in whose context a call that carries it is begun
   */
  constructor(
    span: Span,
    within: Context,
    private readonly finish: (span: Span) => unknown,
    private readonly begunIn?: SpanContext,
    readonly callsIn = begunIn,
  ) {
    this.context = span.spanContext();
    this.span = span;
    this.within = within;
  }

  get parent(): string | undefined {
    return this.begunIn && traceparentOf(this.begunIn);
  }

  get traceparent(): string | undefined {
    return traceparentOf(this.context);
  }

  run<R>(work: () => R): R {
    return this.within ? context.with(this.within, work) : work();
  }

  end(): void {
    const { span } = this;
    if (!span) return;
    this.span = this.within = undefined;
    try {
      const error = this.finish(span);
      if (error !== undefined) tellError(span, error);
    } finally {
      span.end();
    }
  }
}

/** An operation that has no span: what it does is not traced either. */
export class SilentTrace implements Trace {
  constructor(
    private readonly within: Context,
    private readonly finish: () => void = () => undefined,
  ) {}

  run<R>(work: () => R): R {
    return context.with(this.within, work);
  }

  end(): void {
    this.finish();
  }
}

/** The code of an error of this library or of AWS, else its class. Never what its message says, which may be anything. */
export function errorType(error: unknown): string {
  const code = peek(error, 'code');
  return typeof code === 'string' && /^[\w.-]{1,100}$/.test(code) ? code : printable(thrownName(error)).slice(0, 100);
}

export function tellError(span: Span, error: unknown): void {
  span.setAttribute(ATTRIBUTES.errorType, errorType(error));
  span.setStatus({ code: SpanStatusCode.ERROR, message: thrownText(error).slice(0, 1_000) });
  if (span.isRecording()) span.recordException(isError(error) ? error : thrownText(error));
}

/** Adds those that are defined, and gives the same object: each message has one. */
export function addDefined(
  attributes: Attributes,
  more: Record<string, string | number | boolean | undefined>,
): Attributes {
  for (const name of Object.keys(more)) {
    const value = more[name];
    if (value !== undefined) attributes[name] = value;
  }
  return attributes;
}

export const withSpan = (span: Span, within: Context): Context => trace.setSpan(within, span);
