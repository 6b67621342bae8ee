import { AWS_MAX_MESSAGE_ATTRIBUTES, SQS_MAX_BYTES } from '../constants.js';
import { backoffMs } from '../async/backoff.js';
import { messageBytes } from '../envelope/message-size.js';
import type { BatchFailure, MessageAttributes, OutgoingSqsMessage } from '../interfaces/wire.interface.js';
import { asFailure, mayPass } from '../wire/batch-failure.js';
import type { DeadLetterPlane } from './dead-letter-plane.js';
import { REDRIVE_COUNT, type Letter } from './letter.js';

/** The queue that letters are sent to. */
export interface Target {
  name: string;
  url: string;
  fifo: boolean;
}

export type Successor = Omit<OutgoingSqsMessage, 'id'>;

/** With one redrive more; unchanged where AWS's ten attributes or its size leave no room. */
function counted(letter: Letter): MessageAttributes {
  const count = { DataType: 'String', StringValue: String(letter.redrives + 1) };
  const attributes = { ...letter.attributes, [REDRIVE_COUNT]: count };
  const fits =
    Object.keys(attributes).length <= AWS_MAX_MESSAGE_ATTRIBUTES &&
    messageBytes(letter.body, attributes) <= SQS_MAX_BYTES;
  return fits ? attributes : letter.attributes;
}

/**
 * The message as it was before it failed, for its queue. On FIFO it keeps its group. Its deduplication id is new, since
 * SQS would drop the old one within five minutes; it follows from the letter, so that a letter that is sent twice is one
 * message. Pure.
 */
export function successorOf(letter: Letter, { fifo }: Pick<Target, 'fifo'>): Successor {
  const { body, groupId, id, awsTraceHeader } = letter;
  return {
    body,
    attributes: counted(letter),
    ...(fifo ? { groupId: groupId ?? 'none', deduplicationId: `redrive-${id}` } : groupId !== undefined && { groupId }),
    ...(awsTraceHeader !== undefined && { awsTraceHeader }),
  };
}

export interface SendOutcome {
  /** Ids of the new messages by the letters' ids. */
  accepted: Map<string, string>;
  refused: Map<string, BatchFailure>;
}

const TRIES = 3;
const RETRY = { initial: 200, max: 5_000 };

/**
 * Sends up to ten messages, and again what failed for a reason of AWS's. A message that may have been accepted although
 * its answer was lost counts as refused: its letter stays. Never rejects.
 */
export async function sendSuccessors(
  plane: Pick<DeadLetterPlane, 'sendBatch'>,
  target: Target,
  entries: readonly OutgoingSqsMessage[],
  pause: (ms: number) => Promise<void>,
): Promise<SendOutcome> {
  const outcome: SendOutcome = { accepted: new Map(), refused: new Map() };
  let rest = entries;
  for (let attempt = 1; rest.length > 0; attempt += 1) {
    if (attempt > 1) await pause(backoffMs(RETRY, attempt - 1, Math.random));
    const failures = await sendOnce(plane, target, rest, outcome.accepted);
    for (const failure of failures) {
      if (attempt >= TRIES || !mayPass(failure)) outcome.refused.set(failure.id, failure);
    }
    rest = rest.filter(({ id }) => !outcome.accepted.has(id) && !outcome.refused.has(id));
  }
  return outcome;
}

async function sendOnce(
  plane: Pick<DeadLetterPlane, 'sendBatch'>,
  target: Target,
  entries: readonly OutgoingSqsMessage[],
  accepted: Map<string, string>,
): Promise<BatchFailure[]> {
  try {
    const { successful, failed } = await plane.sendBatch(target.url, entries);
    for (const { id, messageId = '' } of successful) accepted.set(id, messageId);
    return failed;
  } catch (error) {
    const failure = asFailure(error);
    if (!failure.senderFault || entries.length === 1) return entries.map(({ id }) => ({ ...failure, id }));
    // One entry is wrong, and AWS refused the call for it.
    const failures: BatchFailure[] = [];
    for (const entry of entries) failures.push(...(await sendOnce(plane, target, [entry], accepted)));
    return failures;
  }
}
