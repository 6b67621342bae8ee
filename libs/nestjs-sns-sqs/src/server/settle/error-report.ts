import { outcomeOf } from '../../errors/handler-outcomes.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { isInstance, json, peek, thrownName, thrownText } from '../../errors/thrown.js';
import { isHttpException } from '../../errors/validation-refusal.js';
import { textWithCauses } from '../../logging/log-line.js';
import { printable } from '../../logging/printable.js';

export interface ErrorReport {
  /** One line: what went wrong. */
  reason: string;
  /** Class or code of the error. */
  name: string;
  /** More, as JSON, when the error has more: the response of an HttpException (a ValidationPipe's list), or facts. */
  details?: string;
}

function responseOf(error: { getResponse(): unknown }): string | undefined {
  try {
    return json(error.getResponse());
  } catch {
    return undefined;
  }
}

function detailsOf(error: unknown): string | undefined {
  if (isHttpException(error)) return responseOf(error);
  if (outcomeOf(error).kind === 'dead-letter') {
    const cause = peek(error, 'cause');
    return cause === undefined ? undefined : json({ cause: thrownText(cause) });
  }
  const issues = isInstance(error, SnsSqsError) ? peek(peek(error, 'facts'), 'issues') : undefined;
  return issues === undefined ? undefined : json(issues);
}

/** Says of any thrown value what a person needs: in the log and on the dead letter. Never throws. */
export function reportError(error: unknown): ErrorReport {
  const code = isInstance(error, SnsSqsError) ? peek(error, 'code') : undefined;
  const name = typeof code === 'string' ? code : thrownName(error);
  // The details of a DeadLetter have its cause.
  const text = outcomeOf(error).kind === 'dead-letter' ? thrownText(error) : textWithCauses(error);
  const report: ErrorReport = { reason: printable(text), name: printable(name) };
  const details = detailsOf(error);
  if (details !== undefined) report.details = printable(details);
  return report;
}
