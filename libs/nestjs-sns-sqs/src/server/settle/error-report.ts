import { HttpException } from '@nestjs/common';
import { outcomeOf } from '../../errors/handler-outcomes.js';
import { printable } from '../../logging/printable.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';

export interface ErrorReport {
  /** One line: what went wrong. */
  reason: string;
  /** Class or code of the error. */
  name: string;
  /** More, as JSON, when the error has more: the response of an HttpException (a ValidationPipe's list), or facts. */
  details?: string;
}

function json(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** Nest turns an error that a filter let pass into `{ status, message }`; anything may be thrown in JavaScript. */
function reasonOf(error: unknown): string {
  if (error instanceof Error) return error.message || error.name;
  if (typeof error === 'object' && error !== null) {
    const { message } = error as { message?: unknown };
    return typeof message === 'string' ? message : (json(error) ?? 'unknown error');
  }
  return String(error);
}

/** Says of any thrown value what a person needs: in the log and on the dead letter. */
export function reportError(error: unknown): ErrorReport {
  const name = error instanceof SnsSqsError ? error.code : error instanceof Error ? error.name : typeof error;
  const report: ErrorReport = { reason: printable(reasonOf(error)), name: printable(name) };
  const details =
    error instanceof HttpException
      ? json(error.getResponse())
      : outcomeOf(error).kind === 'dead-letter' && (error as Error).cause !== undefined
        ? json({ cause: reasonOf((error as Error).cause) })
        : error instanceof SnsSqsError && error.facts['issues'] !== undefined
          ? json(error.facts['issues'])
          : undefined;
  if (details !== undefined) report.details = printable(details);
  return report;
}
