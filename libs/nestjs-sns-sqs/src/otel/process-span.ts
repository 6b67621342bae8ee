import type { Attributes, Link, Span, SpanContext } from '@opentelemetry/api';
import type { ProcessOperation } from '../interfaces/telemetry.interface.js';
import { ATTRIBUTES, type LinkTarget } from './names.js';
import { spanContextOf } from './trace-context.js';

/** What each process span of a queue has. */
interface OfQueue {
  queueUrl: string;
  maxReceiveCount: number;
  attributes: Attributes;
}

/**
 * What is known of a message before it is handled. A message has a dozen attributes, so they are written one by one into
 * a copy of what its queue's messages share: an object literal of computed names takes V8 ten times as long.
 */
export class ProcessAttributes {
  private readonly byQueue = new Map<string, OfQueue>();

  /** @param shared the attributes of any process span, by the name of its queue */
  constructor(private readonly shared: (queue: string) => Attributes) {}

  of(operation: ProcessOperation): Attributes {
    const { message, metadata, queueTimeMs, laneTimeMs } = operation;
    const attributes: Attributes = { ...this.ofQueue(operation) };
    if (message.MessageId !== undefined) attributes[ATTRIBUTES.messageId] = message.MessageId;
    if (metadata) {
      const { correlationId, causationId, id, source, type, subject, sequence } = metadata;
      attributes[ATTRIBUTES.eventId] = id;
      attributes[ATTRIBUTES.eventSource] = source;
      attributes[ATTRIBUTES.eventType] = type;
      if (correlationId !== undefined) attributes[ATTRIBUTES.conversationId] = correlationId;
      if (causationId !== undefined) attributes[ATTRIBUTES.causationId] = causationId;
      if (subject !== undefined) attributes[ATTRIBUTES.eventSubject] = subject;
      if (sequence !== undefined) attributes[ATTRIBUTES.sequence] = sequence;
    }
    const groupId = message.Attributes?.['MessageGroupId'];
    if (groupId !== undefined) attributes[ATTRIBUTES.groupId] = groupId;
    if (queueTimeMs !== undefined) attributes[ATTRIBUTES.queueTimeMs] = queueTimeMs;
    attributes[ATTRIBUTES.laneTimeMs] = Math.round(laneTimeMs);
    return attributes;
  }

  private ofQueue({ queue, queueUrl, maxReceiveCount }: ProcessOperation): Attributes {
    const known = this.byQueue.get(queue);
    // Queues of two regions can have one name.
    if (known && known.queueUrl === queueUrl && known.maxReceiveCount === maxReceiveCount) return known.attributes;
    const attributes = {
      ...this.shared(queue),
      [ATTRIBUTES.queueUrl]: queueUrl,
      [ATTRIBUTES.maxReceiveCount]: maxReceiveCount,
    };
    this.byQueue.set(queue, { queueUrl, maxReceiveCount, attributes });
    return attributes;
  }
}

/** What is known once it is decided how it is settled. */
export function tellSettled(span: Span, { attempt, outcome, reason, delaySeconds }: ProcessOperation): void {
  if (attempt !== undefined) span.setAttribute(ATTRIBUTES.attempt, attempt);
  span.setAttribute(ATTRIBUTES.outcome, outcome ?? 'returned');
  if (reason !== undefined) span.setAttribute(ATTRIBUTES.reason, reason);
  if (delaySeconds !== undefined) span.setAttribute(ATTRIBUTES.delaySeconds, delaySeconds);
}

/** A handler that asks to be called later has not failed. */
export const toldError = ({ error, reason }: ProcessOperation): unknown =>
  reason === 'retry-later' ? undefined : error;

/** The event's publish, then what went before: an earlier attempt, and the attempt that made a letter of it. */
export function processLinks(
  { deadLetterTraceparent }: ProcessOperation,
  published: SpanContext | undefined,
  earlier: SpanContext | undefined,
): Link[] {
  const links: Link[] = [];
  const link = (context: SpanContext | undefined, to: LinkTarget): void => {
    if (context) links.push({ context, attributes: { [ATTRIBUTES.link]: to } });
  };
  link(published, 'publish');
  link(earlier, 'earlier-attempt');
  if (deadLetterTraceparent !== undefined) link(spanContextOf(deadLetterTraceparent), 'dead-lettered-attempt');
  return links;
}
