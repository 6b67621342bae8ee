import type { ConsumerDeserializer } from '@nestjs/microservices';
import { decodeBody, unparsable } from '../../envelope/decode.js';
import { parseErrorText } from '../../envelope/parse-json.js';
import { unwrapSns } from '../../envelope/sns-wrapper.js';
import type { EventEnvelope } from '../../interfaces/envelope.interface.js';
import type { SqsMessage } from '../../interfaces/wire.interface.js';

export type MessageDecoder = (message: SqsMessage) => Promise<EventEnvelope> | EventEnvelope;

/** What a user's deserializer may give beside `pattern` and `data`. */
interface Deserialized {
  pattern?: unknown;
  data?: unknown;
  id?: unknown;
}

async function deserialize(
  message: SqsMessage,
  queue: string,
  deserializer: ConsumerDeserializer,
): Promise<EventEnvelope> {
  let result: Deserialized | undefined;
  try {
    result = (await deserializer.deserialize(unwrapSns(message.Body ?? ''), { queue, message })) as Deserialized;
  } catch (error) {
    throw unparsable(`the deserializer refused it: ${parseErrorText(error)}`, error);
  }
  const pattern = result?.pattern;
  if (typeof pattern !== 'string' || pattern === '') throw unparsable('the deserializer gave no pattern for it');
  const id = typeof result?.id === 'string' && result.id !== '' ? result.id : (message.MessageId ?? '');
  return { metadata: { id, source: queue, type: pattern }, data: result?.data };
}

/** How the messages of a queue are read: as CloudEvents, or by the user's deserializer. */
export const messageDecoder =
  (queue: string, deserializer?: ConsumerDeserializer): MessageDecoder =>
  message =>
    deserializer ? deserialize(message, queue, deserializer) : decodeBody(message.Body ?? '');
