import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import type { PublishOptions } from '../../interfaces/client-options.interface.js';

// What `emit()` errors with where AWS has said neither yes nor no. `destination`: the name of the topic or queue.

type Bounds = Required<Pick<PublishOptions, 'maxPending' | 'timeoutMs'>>;

/** docs/adr/0005 */
const fifoAdvice = (destination: string): string =>
  destination.endsWith('.fifo') ? '. Each group sends one message per call: spread a burst over more groups' : '';

/** Nothing was sent. */
export const backlogError = (destination: string, { maxPending }: Bounds): SnsSqsError =>
  new SnsSqsError('PUBLISH_BACKLOG', {
    problem: `${maxPending} emits to ${destination} have no answer from AWS yet (publish.maxPending), so this event is not sent`,
    remedy: `emit it again later, wait for each emit's result, or check why ${destination} does not answer${fifoAdvice(destination)}`,
    retryable: true,
    facts: { destination, maxPending },
  });

/** AWS may have accepted the event. */
export const timeoutError = (destination: string, { timeoutMs }: Bounds): SnsSqsError =>
  new SnsSqsError('PUBLISH_TIMEOUT', {
    problem: `${destination} has not answered within publish.timeoutMs (${timeoutMs} ms); it may have accepted the event`,
    remedy: `emit it again, with the same id${fifoAdvice(destination)}`,
    retryable: true,
    facts: { destination, timeoutMs },
  });

/** The client ends. AWS may have accepted the event. */
export const unansweredError = (destination: string, shutdownTimeoutMs: number): SnsSqsError =>
  new SnsSqsError('CLIENT_CLOSED', {
    problem: `The client of ${destination} is being closed, and AWS has not answered within shutdownTimeoutMs (${shutdownTimeoutMs} ms); the event may have been accepted`,
    remedy: `emit it again, with the same id${fifoAdvice(destination)}`,
    retryable: true,
    facts: { destination, shutdownTimeoutMs },
  });

/** Nothing was sent. */
export const closedError = (destination: string): SnsSqsError =>
  new SnsSqsError('CLIENT_CLOSED', {
    problem: `The client of ${destination} is closed`,
    remedy: 'emit before close(), or make a new client',
  });
