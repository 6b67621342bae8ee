import { canonicalSequence } from '../../inbox/sequence-guard.js';
import type { ResolvedConsumerOptions } from '../../options/server-options.js';
import type { Delivery } from '../delivery.js';
import type { MessageDecoder } from '../handle/message-decoder.js';

/** What is handled one at a time: on FIFO the messages of a group; on standard queues, where asked for, of a source's subject. */
export type LaneKey = (delivery: Delivery) => string | undefined;

/**
 * The subject stands in the body, which is decoded here once and kept. A body that cannot be read has no lane; its
 * error comes up where it is handled.
 */
export function laneKeyOf(
  fifo: boolean,
  { laneBy }: Pick<ResolvedConsumerOptions, 'laneBy'>,
  decode: MessageDecoder,
): LaneKey {
  if (fifo) return delivery => delivery.groupId;
  if (laneBy !== 'subject') return () => undefined;
  return delivery => {
    const envelope = delivery.decode(decode);
    // A deserializer of the user's knows no subject, and neither has a body that cannot be read.
    if (envelope instanceof Promise) envelope.catch(() => undefined);
    const { source = '', subject } = delivery.envelope?.metadata ?? {};
    // As in the inbox: order 42 of one service does not wait for user 42 of another.
    return subject === undefined ? undefined : `${source.length}:${source}:${subject}`;
  };
}

/** Among the events of a subject, so that what came out of order in one receive is handled in order. */
export function hasLowerSequence(delivery: Delivery, other: Delivery): boolean {
  const [sequence, others] = [delivery, other].map(({ envelope }) => canonicalSequence(envelope?.metadata.sequence));
  return sequence !== undefined && others !== undefined && BigInt(sequence) < BigInt(others);
}
