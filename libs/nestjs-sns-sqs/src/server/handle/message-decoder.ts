import type { ConsumerDeserializer } from '@nestjs/microservices';
import { decodeBody, unparsable } from '../../envelope/decode.js';
import { besideEvent } from '../../envelope/packet-metadata.js';
import { parseErrorText } from '../../envelope/parse-json.js';
import { unwrapSns } from '../../envelope/sns-wrapper.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { isThenable } from '../../events/user-code.js';
import { finishesWithin } from '../../async/finishes-within.js';
import type { EventEnvelope, PacketMetadata } from '../../interfaces/envelope.interface.js';
import type { SqsMessage } from '../../interfaces/wire.interface.js';

export type MessageDecoder = (message: SqsMessage) => Promise<EventEnvelope> | EventEnvelope;

/** What a user's deserializer may give beside `pattern` and `data`. */
interface Deserialized {
  pattern?: unknown;
  data?: unknown;
  id?: unknown;
  /** Nest's packet metadata. */
  metadata?: unknown;
}

async function deserialize(
  message: SqsMessage,
  queue: string,
  deserializer: ConsumerDeserializer,
  timeoutMs: number,
): Promise<EventEnvelope> {
  let result: Deserialized | undefined;
  let isLate = false;
  try {
    const given: unknown = deserializer.deserialize(unwrapSns(message.Body ?? ''), { queue, message });
    const work = isThenable(given) ? Promise.resolve(given) : undefined;
    isLate = work !== undefined && !(await finishesWithin(work, timeoutMs));
    if (!isLate) result = fieldsOf(work ? await work : given);
  } catch (error) {
    throw unparsable(`the deserializer refused it: ${parseErrorText(error)}`, error);
  }
  if (isLate) throw notEnded(queue, timeoutMs);
  const pattern = result?.pattern;
  if (typeof pattern !== 'string' || pattern === '') throw unparsable('the deserializer gave no pattern for it');
  const id = typeof result?.id === 'string' && result.id !== '' ? result.id : (message.MessageId ?? '');
  return { metadata: { ...packetMetadataOf(result), id, source: queue, type: pattern }, data: result?.data };
}

/** Each is read once, and here: what it gives may have getters that throw. */
function fieldsOf(given: unknown): Deserialized {
  const { pattern, data, id, metadata } = (given ?? {}) as Deserialized;
  return { pattern, data, id, metadata };
}

function packetMetadataOf(result: Deserialized | undefined): PacketMetadata | undefined {
  if (result?.metadata === undefined || result.metadata === null) return undefined;
  try {
    return besideEvent(result.metadata);
  } catch (error) {
    throw unparsable(`the \`metadata\` that the deserializer gave: ${parseErrorText(error)}`, error);
  }
}

/** Longest delay of a timer, in milliseconds. */
const LONGEST_MS = 2_147_483_647;

/**
 * How the messages of a queue are read: as CloudEvents, or by the user's deserializer. A promise that this gives is waited
 * for `timeoutMs`: what never ends must not keep a slot for ever.
 */
export const messageDecoder =
  (queue: string, deserializer?: ConsumerDeserializer, timeoutMs = LONGEST_MS): MessageDecoder =>
  message =>
    deserializer ? deserialize(message, queue, deserializer, timeoutMs) : decodeBody(message.Body ?? '');

const notEnded = (queue: string, timeoutMs: number): SnsSqsError =>
  new SnsSqsError(
    'HANDLER_TIMEOUT',
    `The deserializer of ${queue} did not end within handlerTimeoutMs (${timeoutMs} ms)`,
    { retryable: true, facts: { queue } },
  );
