import { z } from 'zod';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { InboxQueueOptions } from '../interfaces/inbox-options.interface.js';
import { isFifoName } from '../topology/names.js';
import { FIFO_IS_IN_ORDER, inboxQueueShape } from './server-schema.js';
import type { FullName } from '../interfaces/names.interface.js';

const NAMES = Object.keys(inboxQueueShape) as Array<keyof InboxQueueOptions>;
const schema = z.object(inboxQueueShape);

/**
 * What the handlers' extras ask of the inbox, by full name of their queue. Throws one INVALID_HANDLER with every value
 * that is wrong, and with every queue whose handlers ask for different things: the inbox is the queue's.
 */
export function inboxExtras(
  handlers: ReadonlyArray<{ pattern: string; queue: FullName; extras: InboxQueueOptions }>,
): Map<FullName, InboxQueueOptions> {
  const byQueue = new Map<FullName, InboxQueueOptions>();
  const problems: string[] = [];
  for (const { pattern, queue, extras } of handlers) {
    for (const { path, message } of schema.safeParse(extras).error?.issues ?? []) {
      problems.push(`${pattern}: the extra \`${path.join('.')}\`: ${message}`);
    }
    if (isFifoName(queue) && (extras.ordering ?? 'none') !== 'none') {
      problems.push(`${pattern}: the extra \`ordering\` on ${queue}: ${FIFO_IS_IN_ORDER}`);
    }
    const known = byQueue.get(queue) ?? {};
    byQueue.set(queue, known);
    for (const name of NAMES) {
      const value = extras[name];
      if (value === undefined) continue;
      if (known[name] !== undefined && known[name] !== value) {
        problems.push(`${pattern}: another handler of ${queue} gives \`${name}\` a different value`);
      }
      Object.assign(known, { [name]: value });
    }
  }
  if (problems.length === 0) return byQueue;
  throw new SnsSqsError('INVALID_HANDLER', {
    problem: problems.join('; '),
    remedy: "correct the handler's decorator",
    facts: { problems },
  });
}
