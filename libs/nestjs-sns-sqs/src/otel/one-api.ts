import { trace } from '@opentelemetry/api';

interface GlobalApi {
  version?: string;
  trace?: unknown;
}

/**
 * Says of two copies of `@opentelemetry/api` that do not know each other that they are two: the spans of this library
 * would be lost without a word. Undefined: there is no such problem, or no SDK yet.
 */
export function apiProblem(): string | undefined {
  const registered = (globalThis as Record<symbol, GlobalApi | undefined>)[Symbol.for('opentelemetry.js.api.1')];
  if (!registered?.trace || registered.trace === trace.getTracerProvider()) return undefined;
  return `The OpenTelemetry SDK was registered with @opentelemetry/api ${registered.version ?? ''}, and nestjs-sns-sqs has loaded an older or a newer copy, so that its spans are lost. Remedy: let one version of @opentelemetry/api be installed (npm ls @opentelemetry/api), or give otel() the option tracerProvider.`;
}

let hasWarned = false;

/** Warns once in a process. */
export function warnOfTwoApis(): void {
  if (hasWarned) return;
  const problem = apiProblem();
  if (problem === undefined) return;
  hasWarned = true;
  process.emitWarning(problem, { code: 'NESTJS_SNS_SQS_TELEMETRY' });
}
