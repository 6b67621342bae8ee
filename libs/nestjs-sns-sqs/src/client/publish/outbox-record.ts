import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { quoted } from '../../logging/printable.js';
import { isRecord, type RecordOptions } from '../../record-builders/record.js';

/** Whether only an outbox can do what a record asks for. */
const needsOutbox = ({ nextSequence, deliverAt, scheduleKey }: Readonly<RecordOptions>): boolean =>
  nextSequence === true || deliverAt !== undefined || scheduleKey !== undefined;

/** Whether it is a record that only an outbox can take. */
export const asksForOutbox = (input: unknown): boolean => isRecord(input) && needsOutbox(input.options);

/** Throws OUTBOX_REQUIRED for a record that goes through an outbox or not at all. */
export function assertNoOutboxNeeded(type: string, input: unknown): void {
  if (!isRecord(input) || !needsOutbox(input.options)) return;
  const setter = input.options.nextSequence ? "setSequence('next')" : 'setDeliverAt()';
  throw new SnsSqsError('OUTBOX_REQUIRED', {
    problem: `${quoted(type)} has ${setter}, which needs ${input.options.nextSequence ? 'a transaction with an outbox' : 'an outbox'}`,
    remedy: 'give the client the option `outbox`, and emit by `client.within(tx).emit()`',
    facts: { type },
  });
}
