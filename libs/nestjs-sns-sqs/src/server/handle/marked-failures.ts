import type { LoggerService } from '@nestjs/common';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { isInstance } from '../../errors/thrown.js';
import { LogLine } from '../../logging/log-line.js';
import type { Delivery } from '../delivery.js';
import { reportError } from '../settle/error-report.js';
import type { Settlement } from '../settle/retry-policy.js';

/** The claim was taken over before its handler could mark the event done. */
export const isClaimLost = (error: unknown): boolean => isInstance(error, SnsSqsError) && error.code === 'CLAIM_LOST';

/** Why an event that never had a claim cannot be marked done. */
export const unclaimed = ({ messageId }: Delivery): SnsSqsError =>
  new SnsSqsError('INBOX_UNAVAILABLE', {
    problem: `Message ${messageId} is handled without the inbox, whose store is unavailable (\`onUnavailable: 'proceed'\`), so that it cannot be marked done`,
    remedy: "use `onUnavailable: 'wait'` where handlers call markDoneIn()",
    retryable: true,
    facts: { messageId },
  });

/** Says in the log what a failure came to that did not decide how its message is settled. */
export function logMarked(
  logger: Pick<LoggerService, 'warn'>,
  named: { queue: string; messageId: string },
  settlement: Settlement,
  error: unknown,
): void {
  const what =
    settlement.kind === 'delete'
      ? 'failed after markDoneIn() had committed. The event is done, and the message is deleted'
      : 'failed after markDoneIn(), and the inbox does not say that the event is its own. The message comes again, and this costs no attempt';
  const text = `${named.queue}: the handler of message ${named.messageId} ${what}: ${reportError(error).reason}`;
  logger.warn(new LogLine(text, named, error));
}
