import { SnsSqsError } from '../errors/sns-sqs.error.js';

export const letterNotFound = (queue: string, id: string): SnsSqsError =>
  new SnsSqsError('LETTER_NOT_FOUND', {
    problem: `The dead-letter queue ${queue} does not show the letter ${id}. Somebody deleted or redrove the letter, its retention is over, another process holds it, or ten letters of its FIFO group are before it`,
    remedy: 'list the queue again; if another process holds the letter, try again when its lease is over',
    retryable: true,
    facts: { queue, messageId: id },
  });

export const copyRefused = (queue: string, id: string, target: string, why = 'SQS gave no answer'): SnsSqsError =>
  new SnsSqsError('PUBLISH_REJECTED', {
    problem: `${target} did not accept the copy of the letter ${id}: ${why}. The letter stays in ${queue}`,
    remedy: 'correct what SQS names, and edit the letter again; the same patch gives the same event id',
    facts: { queue, destination: target, messageId: id },
  });

export const wrongLimit = (limit: number): SnsSqsError =>
  new SnsSqsError('INVALID_OPTIONS', {
    problem: `list: \`limit\` is 1 to 1,000, not ${limit}`,
    remedy: 'give a whole number in this range, and use `cursor` for more',
  });
